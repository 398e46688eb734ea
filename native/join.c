#include "join.h"
#include "cgroups.h"
#include "cleanup.h"
#include "clocks.h"
#include "clone.h"
#include "init.h"
#include "message.h"
#include "privileges.h"
#include "process.h"
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

/* The groups in the outer terms, before the user namespace is left: its map may not know them. */
static bool take_groups(const struct options *options, const struct target *target,
                        struct failure *failure) {
    struct confinement outer = {0};
    bool taken = !options->follow || (confinement_read(&outer, target->proc, failure) &&
                                      confinement_take_groups(&outer, failure));
    free(outer.groups);
    return taken;
}

/* Joins those of `flags` that the kernel allows now; the rest is returned, with its errno. */
static int join_each(const int *files, int flags) {
    for (int i = 0; i < NAMESPACE_COUNT; i++) {
        int flag = namespace_types[i].flag;
        if ((flags & flag) && setns(files[i], flag) == 0)
            flags &= ~flag;
    }
    return flags;
}

/*
 * One by one, on a kernel without pidfds or whose setns takes none (Linux 5.8). A directory of
 * /proc means its process as a pidfd does: after that one's end nothing in it can be opened. First
 * what the own rights are enough for, which the user namespace takes away, then that, then what it
 * owns.
 */
static bool join_by_files(const struct target *target, int flags) {
    int files[NAMESPACE_COUNT], left = 0, user = flags & CLONE_NEWUSER;
    bool opened = true;
    for (int i = 0; i < NAMESPACE_COUNT; i++) {
        char path[32];
        snprintf(path, sizeof path, "ns/%s", namespace_types[i].name);
        bool wanted = flags & namespace_types[i].flag;
        files[i] = wanted ? openat(target->proc, path, O_RDONLY | O_CLOEXEC) : -1;
        opened = opened && (!wanted || files[i] >= 0);
    }
    if (opened) {
        left = join_each(files, flags & ~user);
        left |= join_each(files, user);
        left = join_each(files, left);
    }
    for (int i = 0; i < NAMESPACE_COUNT; i++)
        cleanup_close_descriptor(&files[i]);
    return opened && left == 0;
}

static bool join_namespaces(const struct options *options, const struct target *target,
                            struct failure *failure) {
    int flags = options->namespaces;
    bool joined = false;
    /* setns(2): a process may not join the user namespace that it is in (EINVAL). */
    if ((flags & CLONE_NEWUSER) && target_shares(target, "user"))
        flags &= ~CLONE_NEWUSER;
    /* All at once, with the user namespace's rights for the others (setns(2), Linux 5.8). */
    if (target->process >= 0)
        joined = flags == 0 || setns(target->process, flags) == 0;
    if (target->process < 0 || (!joined && errno == EINVAL))
        joined = join_by_files(target, flags);
    if (joined)
        return true;
    if (errno == ESRCH || errno == ENOENT)
        return failed_because(failure, ESRCH, "target", "setns", NULL, "the process has ended");
    return failed(failure, "namespaces", "setns", NULL);
}

/*
 * CLONE_PARENT: the new process is the monitor's child, which waits for it and whose death kills
 * it. Its pid is the one that the monitor sees, since this process never left that pid namespace.
 */
static _Noreturn void hand_over(int monitor, pid_t child) {
    struct failure failure = {0};
    if (child < 0) {
        failed(&failure, "namespaces", "clone3", NULL);
        message_give_up(monitor, &failure, EXIT_LAUNCHER_FAILED);
    }
    struct message message = {.kind = MESSAGE_ENTERED, .number = child};
    _exit(message_send(monitor, &message, NULL, 0) ? 0 : EXIT_LAUNCHER_FAILED);
}

/* What is read by the target's number is its own as long as it lives. */
static bool take_outside(const struct options *options, struct entry *entry,
                         struct failure *failure) {
    follow_outside(&entry->following, options, &entry->target);
    return target_alive(&entry->target, failure) && take_groups(options, &entry->target, failure);
}

_Noreturn void join_target(const struct options *options, bool placed, struct entry *entry,
                           int monitor) {
    struct failure failure = {0};
    /* Before the target's processes can see us (CVE-2016-9962). */
    if (!privileges_hide(&failure) || !privileges_die_with_parent(&failure) ||
        !cgroups_enter(&options->cgroups, placed, true, &failure) ||
        !take_outside(options, entry, &failure) ||
        !join_namespaces(options, &entry->target, &failure))
        message_give_up(monitor, &failure, EXIT_LAUNCHER_FAILED);
    pid_t child = clone_process(CLONE_PARENT, -1, &placed);
    if (child == 0)
        entered_main(options, entry, monitor);
    hand_over(monitor, child);
}

/*
 * A time namespace that a joined user namespace will own is made here: init is hidden from that
 * one's processes from its first instant, which hides its own timens_offsets from itself as well.
 */
static bool enter_clocks(const struct options *options, struct failure *failure) {
    return choices_file(options->wishes, CLONE_NEWUSER) < 0 || clocks_enter(options, failure);
}

_Noreturn void join_shared(struct options *options, uint64_t flags, int cgroup, int monitor,
                           char **argv) {
    struct failure failure = {0};
    if (!privileges_die_with_parent(&failure) || !choices_join(options->wishes, &failure) ||
        !enter_clocks(options, &failure) || !privileges_hide(&failure))
        message_give_up(monitor, &failure, EXIT_LAUNCHER_FAILED);
    pid_t child = clone_process(flags | CLONE_PARENT, cgroup, &options->placed);
    if (child == 0)
        init_main(options, monitor, argv);
    hand_over(monitor, child);
}

/* The joiner tells who was cloned, or why nobody could be. */
static bool take_entered(struct session *session, struct failure *failure) {
    struct message message;
    int received[MESSAGE_DESCRIPTORS];
    if (!session_await_inside(session, "namespaces", failure))
        return false;
    if (!message_receive(session->inside, &message, received))
        return failed(failure, "namespaces", "recvmsg", NULL);
    message_close(received);
    if (message.kind == MESSAGE_ENTERED) {
        cleanup_close_descriptor(&session->process);
        session->pid = message.number;
        session->process = process_watch(session->pid);
        return session->process >= 0 || failed(failure, "namespaces", "pidfd_open", NULL);
    }
    *failure = message.failure;
    return message.kind == MESSAGE_FAILED
               ? false
               : failed_because(failure, EPROTO, "namespaces", "recvmsg", NULL, NULL);
}

/* Who was cloned for us, and not told of, reads the end of the socket and ends. */
static void reap_all(struct session *session) {
    cleanup_close_descriptor(&session->process);
    cleanup_close_descriptor(&session->inside);
    session->pid = 0;
    while (waitpid(-1, NULL, 0) > 0)
        ;
}

bool join_await(struct session *session, pid_t joiner, struct failure *failure) {
    session->pid = joiner;
    session->process = process_watch(joiner);
    bool entered = session->process >= 0 ? take_entered(session, failure)
                                         : failed(failure, "namespaces", "pidfd_open", NULL);
    if (!entered)
        kill(joiner, SIGKILL); /* it may still wait for a namespace */
    /* What version 1 froze dies when it is thawed: it is waited for when this has been told. */
    if (!entered && failure->error == ETIMEDOUT)
        return false;
    waitpid(joiner, NULL, 0);
    if (!entered)
        reap_all(session);
    return entered;
}
