#include "enter.h"
#include "capabilities.h"
#include "cgroups.h"
#include "cleanup.h"
#include "clone.h"
#include "confinement.h"
#include "join.h"
#include "message.h"
#include "privileges.h"
#include "proctext.h"
#include "session.h"
#include "toolbox.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/socket.h>

/* As login(1) does: the terminal belongs to who uses it. In vain where we are nobody to give. */
static bool give_terminal(int slave, const struct target *target, struct failure *failure) {
    struct confinement outer;
    if (!confinement_read(&outer, target->proc, failure))
        return false;
    free(outer.groups);
    return fchown(slave, outer.uids[1], (gid_t)-1) == 0 || errno == EPERM ||
           failed(failure, "terminal", "fchown", "pts");
}

/* Opened here, where /dev is the host's; used where the target has no devpts of its own. */
static bool open_host_terminal(const struct options *options, const struct target *target,
                               struct pty *pty, struct failure *failure) {
    if (!options->terminal)
        return true;
    cleanup_fd int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (master < 0)
        return true; /* the target's own may do; else it is missed where it is needed */
    if (!pty_from_master(master, pty, failure))
        return false;
    take_fd(&master);
    return !options->follow || give_terminal(pty->slave, target, failure);
}

static bool spawn_by_joiner(struct session *session, struct entry *entry, struct failure *failure) {
    int pair[2];
    cleanup_fd int unified = -1;
    bool placed;
    if (!cgroups_open_unified(&session->options->cgroups, &unified, failure))
        return false;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return failed(failure, "namespaces", "socketpair", NULL);
    struct pty *pty = &entry->pty;
    bool ready = open_host_terminal(session->options, &entry->target, pty, failure);
    pid_t joiner = ready ? clone_process(0, unified, &placed) : -1;
    if (joiner == 0) {
        close(pair[0]);
        join_target(session->options, placed, entry, pair[1]);
    }
    session->inside = pair[0];
    close(pair[1]);
    pty_close(pty); /* one master too many would keep the session's terminal alive */
    if (joiner < 0)
        return ready && failed(failure, "namespaces", "clone3", NULL);
    return join_await(session, joiner, failure);
}

/* What is below the target's own limits is taken; only the first user namespace can raise. */
static bool follow_rlimits(struct options *options, struct entry *entry, struct failure *failure) {
    if (!attribute_wanted(options, ATTRIBUTE_RLIMITS))
        return true;
    if (!rlimits_read(&options->rlimits, entry->target.proc, failure))
        return false;
    entry->following.errors[ATTRIBUTE_RLIMITS] =
        (uint16_t)rlimits_raise_possible(&options->rlimits);
    return true;
}

/* The target is not stopped for a question to which the kernel's answer is known (ptrace(2)). */
static int copy_filters(struct entry *entry, int64_t mode) {
    if (mode != SECCOMP_MODE_FILTER)
        return EOPNOTSUPP; /* strict: a shell could not run */
    if (!capability_held(CAP_SYS_ADMIN))
        return EPERM;
    entry->filters = filters_copy(&entry->target);
    return entry->filters ? 0 : errno;
}

/* Where its filters cannot be had there is ours, and a word of it. */
static bool follow_filters(struct options *options, struct entry *entry, struct failure *failure) {
    int64_t mode;
    if (!options->copy_seccomp)
        return true;
    if (!proctext_number(entry->target.proc, "status", "Seccomp:", 10, &mode))
        return failed(failure, "follow", "read", "status");
    options->no_seccomp = mode == SECCOMP_MODE_DISABLED;
    if (!options->no_seccomp)
        entry->following.errors[ATTRIBUTE_SECCOMP] = (uint16_t)copy_filters(entry, mode);
    return true;
}

/*
 * The capabilities of a target count in its own user namespace only. One that makes a new one,
 * which takes no privilege, at once shows all of them, and whoever follows it would have all of
 * them here. It cannot come back: one look after they were read, and before the command runs, is
 * enough.
 */
static bool check_followed(const struct session *session, const struct target *target,
                           const uint64_t *namespaces, struct failure *failure) {
    return !session->options->follow ||
           target_kept_user(target, namespace_inode(namespaces, CLONE_NEWUSER), failure);
}

static bool go(const struct session *session, struct failure *failure) {
    return message_send_kind(session->inside, MESSAGE_GO) || failed(failure, "go", "sendmsg", NULL);
}

static bool prepare_entry(struct entry *entry, struct options *options, struct failure *failure) {
    return toolbox_open(options, &entry->toolbox, failure) &&
           target_open(&entry->target, options, failure) &&
           follow_rlimits(options, entry, failure) && follow_filters(options, entry, failure) &&
           privileges_hide(failure);
}

static bool begin(struct session *session, struct options *options, struct failure *failure) {
    uint64_t namespaces[NAMESPACE_COUNT];
    struct entry entry = {.pty = {-1, -1}, .toolbox = -1};
    bool spawned = session_open(session, failure) && prepare_entry(&entry, options, failure) &&
                   spawn_by_joiner(session, &entry, failure);
    filters_free(entry.filters);
    if (!spawned || !go(session, failure) ||
        !session_await_prepared(session, namespaces, failure) ||
        !check_followed(session, &entry.target, namespaces, failure))
        return false;
    status_ready(options->status, session->pid, namespaces, &session->following);
    return session_start(session, failure);
}

int enter(struct options *options) {
    struct session session = session_new(options);
    struct failure failure = {0};
    struct ending ending = {.code = EXIT_LAUNCHER_FAILED};
    bool begun = begin(&session, options, &failure);
    session.direct = true;
    if (begun)
        ending = session_supervise(&session);
    else
        session_report(&session, &failure);
    session_close(&session, ending);
    cgroups_remove_leaves(&options->cgroups);
    status_exit(options->status, ending);
    return ending.code;
}
