#include "clone.h"
#include "syscalls.h"
#include <sched.h>
#include <signal.h>

pid_t clone_process(uint64_t flags, int cgroup, int *process) {
    struct clone_args arguments = {.flags = flags | CLONE_PIDFD,
                                   .pidfd = (uint64_t)(uintptr_t)process};
    /* With CLONE_PARENT it is the caller's own (clone(2)). */
    if (!(flags & CLONE_PARENT))
        arguments.exit_signal = SIGCHLD;
    if (cgroup >= 0) {
        arguments.flags |= CLONE_INTO_CGROUP;
        arguments.cgroup = (uint64_t)cgroup;
    }
    return clone3(&arguments);
}
