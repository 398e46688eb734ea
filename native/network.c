#include "network.h"
#include "cleanup.h"
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

bool network_raise_loopback(struct failure *failure) {
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
    cleanup_fd int socket_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (socket_fd < 0)
        return failed(failure, "network", "socket", NULL);
    if (ioctl(socket_fd, SIOCSIFFLAGS, &request) < 0)
        return failed(failure, "network", "ioctl(SIOCSIFFLAGS)", "lo");
    return true;
}
