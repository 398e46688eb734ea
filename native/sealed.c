#include "sealed.h"
#include "cleanup.h"
#include "syscalls.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

enum { SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };

static bool is_sealed(int program) {
    /* Only memfds have seals: for any other file the call fails with EINVAL. */
    int seals = fcntl(program, F_GET_SEALS);
    return seals >= 0 && (seals & SEALS) == SEALS;
}

static int create_memfd(void) {
    /* MFD_EXEC is Linux 6.3, and needed where vm.memfd_noexec=1; older kernels say EINVAL. */
    int copy = memfd_create("launcher", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
    if (copy < 0 && errno == EINVAL)
        copy = memfd_create("launcher", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    return copy;
}

static bool copy_all(int from, int to) {
    struct stat file;
    if (fstat(from, &file) < 0)
        return false;
    for (off_t left = file.st_size; left > 0;) {
        ssize_t sent = sendfile(to, from, NULL, (size_t)left);
        if (sent <= 0)
            return false;
        left -= sent;
    }
    return true;
}

bool run_sealed(char **argv, struct failure *failure) {
    cleanup_fd int program = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    if (program < 0)
        return failed(failure, "seal", "open", "/proc/self/exe");
    if (is_sealed(program))
        return true;
    cleanup_fd int copy = create_memfd();
    if (copy < 0)
        return failed(failure, "seal", "memfd_create", NULL);
    if (!copy_all(program, copy))
        return failed(failure, "seal", "sendfile", "/proc/self/exe");
    if (fcntl(copy, F_ADD_SEALS, SEALS) < 0)
        return failed(failure, "seal", "fcntl(F_ADD_SEALS)", NULL);
    fexecve(copy, argv, environ);
    failed(failure, "seal", "fexecve", NULL);
    return failed_hint(failure, "sysctl vm.memfd_noexec=2 forbids this");
}
