/* Sockets: the host's network, and services that listen on this machine. */
#define _GNU_SOURCE
#include "escape.h"
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { PATIENCE_MS = 1000 };

/* An abstract name where it begins with "@". */
static int connect_unix(const char *name) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, name, sizeof address.sun_path - 1);
    if (name[0] == '@')
        address.sun_path[0] = '\0';
    socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
    int stream = socket(AF_UNIX, SOCK_STREAM, 0);
    return connect(stream, (struct sockaddr *)&address, length) < 0 ? -1 : stream;
}
/* CVE-2020-15257 */
static long connect_abstract_socket(void) {
    return connect_unix(given("ABSTRACT_SOCKET"));
}
/* As docker.sock is one: whoever reaches it is as good as root. */
static long connect_hidden_socket(void) {
    return connect_unix(given("HIDDEN_SOCKET"));
}
/* By it a program in VS Code's terminal opens files and URLs in the window
 * outside. */
static long command_editor(void) {
    return connect_unix(given("VSCODE_IPC_HOOK_CLI"));
}
/* A service in the workspace that believes the host's root only. */
static long pose_as_root(void) {
    char answer = 0;
    int service = connect_unix(given("SERVICE"));
    if (service < 0)
        return -1;
    struct pollfd wait = {.fd = service, .events = POLLIN};
    poll(&wait, 1, PATIENCE_MS);
    return read(service, &answer, 1) == 1 && answer == 'r' ? 0 : failed(EPERM);
}
static long connect_loopback(void) {
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)given_number("PORT")),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int stream = socket(AF_INET, SOCK_STREAM, 0);
    return connect(stream, (struct sockaddr *)&address, sizeof address);
}
static long see_interface(void) {
    return if_nametoindex(given("INTERFACE")) == 0 ? -1 : 0;
}
static long raise_interface(void) {
    struct ifreq request = {.ifr_flags = IFF_UP};
    strncpy(request.ifr_name, given("INTERFACE"), sizeof request.ifr_name - 1);
    return ioctl(socket(AF_INET, SOCK_DGRAM, 0), SIOCSIFFLAGS, &request);
}

/* The host sends a known word on its loopback all the time. */
static long overhear(int socket) {
    char packet[2048];
    struct pollfd wait = {.fd = socket, .events = POLLIN};
    if (socket < 0)
        return -1;
    while (poll(&wait, 1, PATIENCE_MS) == 1) {
        ssize_t length = recv(socket, packet, sizeof packet, 0);
        if (length > 0 && memmem(packet, (size_t)length, given("WORD"), strlen(given("WORD"))))
            return 0;
    }
    return failed(ETIMEDOUT);
}
static long overhear_packets(void) {
    return overhear(socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL)));
}
static long overhear_datagrams(void) {
    return overhear(socket(AF_INET, SOCK_RAW, IPPROTO_UDP));
}

const struct attempt on_network[] = {
    ATTEMPT(connect_abstract_socket), ATTEMPT(connect_hidden_socket),
    ATTEMPT(command_editor),          ATTEMPT(pose_as_root),
    ATTEMPT(connect_loopback),        ATTEMPT(see_interface),
    ATTEMPT(raise_interface),         ATTEMPT(overhear_packets),
    ATTEMPT(overhear_datagrams),      END_OF_ATTEMPTS,
};
