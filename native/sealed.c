#include "sealed.h"
#include "cleanup.h"
#include "syscalls.h"
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* Whether a line "INSIDE OUTSIDE COUNT" gives the host's `uid` to the sandbox. */
static bool maps_uid(const char *line, uid_t uid) {
    unsigned long long inside, outside, count;
    if (sscanf(line, "%llu %llu %llu", &inside, &outside, &count) != 3)
        return true; /* the kernel will refuse it; until then nothing is assumed */
    return uid >= outside && uid - outside < count;
}

/*
 * The mode decides for everybody inside: CAP_DAC_OVERRIDE and CAP_FOWNER reach only files whose
 * owner is mapped (capable_wrt_inode_uidgid in the kernel), and what an access list grants to
 * others shows in the group's bits (acl(5)). Who is entered may be anybody, so `enter` is always
 * sealed.
 */
static bool writable_inside(int program, const struct options *options) {
    struct stat file;
    if (options->command != COMMAND_RUN || fstat(program, &file) < 0)
        return true;
    if (file.st_mode & (S_IWGRP | S_IWOTH))
        return true;
    if (!(choices_flags(options->wishes, NAMESPACE_NEW) & CLONE_NEWUSER))
        return true; /* whom its map holds is not known here */
    for (size_t i = 0; i < options->uid_maps.count; i++)
        if (maps_uid(options->uid_maps.items[i], file.st_uid))
            return true;
    return options->uid_maps.count == 0 && file.st_uid == geteuid();
}

static bool run_sealed(int program, const struct arguments_source *given, char **argv,
                       struct failure *failure) {
    cleanup_fd int copy = create_memfd();
    if (copy < 0)
        return failed(failure, "seal", "memfd_create", NULL);
    if (!copy_all(program, copy))
        return failed(failure, "seal", "sendfile", "/proc/self/exe");
    if (fcntl(copy, F_ADD_SEALS, SEALS) < 0)
        return failed(failure, "seal", "fcntl(F_ADD_SEALS)", NULL);
    if (!arguments_give_back(given, failure))
        return false;
    fexecve(copy, argv, environ);
    failed(failure, "seal", "fexecve", NULL);
    return failed_hint(failure, "sysctl vm.memfd_noexec=2 forbids this");
}

bool sealed_if_needed(const struct options *options, const struct arguments_source *given,
                      char **argv, struct failure *failure) {
    cleanup_fd int program = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    if (program < 0)
        return failed(failure, "seal", "open", "/proc/self/exe");
    return is_sealed(program) || !writable_inside(program, options) ||
           run_sealed(program, given, argv, failure);
}
