#include "clone.h"
#include "syscalls.h"
#include <errno.h>
#include <sched.h>
#include <signal.h>

/* With CLONE_PARENT it is the caller's own (clone(2)). */
static uint64_t exit_signal(uint64_t flags) {
    return flags & CLONE_PARENT ? 0 : SIGCHLD;
}

static pid_t clone_into(uint64_t flags, int cgroup) {
    const struct clone_args arguments = {.flags = flags | CLONE_INTO_CGROUP,
                                         .exit_signal = exit_signal(flags),
                                         .cgroup = (uint64_t)cgroup};
    return clone3(&arguments);
}

/* The order of the last arguments differs between architectures; all of them are 0 here. */
static pid_t clone_plain(uint64_t flags) {
    const struct clone_args arguments = {.flags = flags, .exit_signal = exit_signal(flags)};
    pid_t child = clone3(&arguments);
    if (child < 0 && errno == ENOSYS)
        child = (pid_t)syscall(SYS_clone, flags | exit_signal(flags), 0, 0, 0, 0);
    return child;
}

/* What the kernel says to a flag or a size that it does not know, or to a cgroup that it is not for
 * (cgroups(7): one with processes of its own, a threaded one). */
static bool is_refused(int error) {
    return error == ENOSYS || error == EINVAL || error == E2BIG || error == EBADF ||
           error == EBUSY || error == EOPNOTSUPP;
}

pid_t clone_process(uint64_t flags, int cgroup, bool *placed) {
    *placed = cgroup >= 0;
    pid_t child = *placed ? clone_into(flags, cgroup) : -1;
    if (*placed && (child >= 0 || !is_refused(errno)))
        return child;
    *placed = false;
    return clone_plain(flags);
}
