#include "join.h"
#include "cgroups.h"
#include "cleanup.h"
#include "entered.h"
#include "message.h"
#include "privileges.h"
#include "syscalls.h"
#include <errno.h>
#include <sched.h>
#include <signal.h>

static _Noreturn void give_up(int monitor, const struct failure *failure) {
    struct message message = {.kind = MESSAGE_FAILED, .failure = *failure};
    message_send(monitor, &message, NULL, 0);
    _exit(EXIT_LAUNCHER_FAILED);
}

/* The groups in the outer terms, before the user namespace is left: its map may not know them. */
static bool take_groups(const struct options *options, const struct target *target,
                        struct failure *failure) {
    struct confinement outer = {0};
    bool taken = !options->follow || (confinement_read(&outer, target->proc, failure) &&
                                      confinement_take_groups(&outer, failure));
    free(outer.groups);
    return taken;
}

static bool join_namespaces(const struct options *options, const struct target *target,
                            struct failure *failure) {
    int flags = options->namespaces;
    /* setns(2): a process may not join the user namespace that it is in (EINVAL). */
    if ((flags & CLONE_NEWUSER) && target_shares(target, "user"))
        flags &= ~CLONE_NEWUSER;
    /* All at once, with the user namespace's rights for the others (setns(2), Linux 5.8). */
    if (flags == 0 || setns(target->process, flags) == 0)
        return true;
    if (errno == ESRCH)
        return failed_because(failure, ESRCH, "target", "setns", NULL, "the process has ended");
    return failed(failure, "namespaces", "setns", NULL);
}

/*
 * CLONE_PARENT: the new process is the monitor's child, which waits for it and whose death kills
 * it. The result is its pid as the monitor sees it, since this process never left that pid
 * namespace.
 */
static pid_t spawn(int *process) {
    struct clone_args arguments = {.flags = CLONE_PARENT | CLONE_PIDFD,
                                   .pidfd = (uint64_t)(uintptr_t)process};
    return clone3(&arguments);
}

_Noreturn void join_main(const struct options *options, struct target *target, struct pty pty,
                         int monitor) {
    struct failure failure = {0};
    /* Before the target's processes can see us (CVE-2016-9962). */
    if (!privileges_hide(&failure) || !privileges_die_with_parent(&failure) ||
        !cgroups_join(&options->cgroups, 0, &failure) || !take_groups(options, target, &failure) ||
        !join_namespaces(options, target, &failure))
        give_up(monitor, &failure);
    int process = -1;
    pid_t child = spawn(&process);
    if (child == 0)
        entered_main(options, target, pty, monitor);
    if (child < 0) {
        failed(&failure, "namespaces", "clone3", NULL);
        give_up(monitor, &failure);
    }
    struct message message = {.kind = MESSAGE_ENTERED, .number = child};
    _exit(message_send(monitor, &message, &process, 1) ? 0 : EXIT_LAUNCHER_FAILED);
}
