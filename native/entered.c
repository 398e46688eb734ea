#include "entered.h"
#include "cleanup.h"
#include "confinement.h"
#include "execute.h"
#include "identity.h"
#include "message.h"
#include "namespaces.h"
#include "privileges.h"
#include "pty.h"
#include "resolve.h"
#include "seccomp.h"
#include "syscalls.h"
#include "toolbox.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>

/* The working directory: --chdir below the target's root, else the target's own. */
static int open_directory(const struct options *options, struct target *target,
                          struct failure *failure) {
    if (!options->directory)
        return take_fd(&target->directory);
    /* CVE-2024-21626: no magic link may lead it out of the root. */
    int root = target->root >= 0 ? target->root : AT_FDCWD;
    int directory = root >= 0 ? resolve_existing(root, options->directory, O_PATH | O_DIRECTORY, 0)
                              : open(options->directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0)
        failed(failure, "chdir", "openat2", options->directory);
    return directory;
}

/* As the final identity, which may have no right to be there: then, unless it was asked for, "/".
 */
static bool change_directory(const struct options *options, int directory,
                             struct failure *failure) {
    if (directory >= 0 && fchdir(directory) < 0 && options->directory)
        return failed(failure, "chdir", "fchdir", options->directory);
    cleanup_free char *here = getcwd(NULL, 0);
    bool reachable = here && here[0] == '/'; /* "(unreachable)": outside the root (getcwd(3)) */
    return reachable || chdir("/") == 0 || failed(failure, "chdir", "chdir", "/");
}

/* The target may itself be chrooted: its root, not that of its mount namespace. A toolbox is a root
 * already. */
static bool change_root(const struct options *options, const struct target *target,
                        struct failure *failure) {
    if (target->root < 0 || options->toolbox)
        return true;
    if (fchdir(target->root) < 0)
        return failed(failure, "root", "fchdir", NULL);
    if (chroot(".") < 0)
        return failed(failure, "root", "chroot", NULL);
    return true;
}

/* The sandbox's own devpts where there is a real one, so that `tty` and /dev/pts/N agree inside. */
static bool open_own_terminal(const struct target *target, struct pty *pty) {
    struct failure ignored;
    if (target->root < 0)
        return false;
    cleanup_fd int devpts =
        resolve_existing(target->root, "/dev/pts", O_PATH | O_DIRECTORY, RESOLVE_NO_SYMLINKS);
    return devpts >= 0 && pty_open(devpts, pty, &ignored);
}

/* *pty holds the host's pair, if any; the target's own is better. */
static bool choose_terminal(const struct options *options, const struct target *target,
                            struct pty *pty, struct failure *failure) {
    struct pty own;
    if (!options->terminal)
        return true;
    if (open_own_terminal(target, &own)) {
        pty_close(pty);
        *pty = own;
    }
    return pty->master >= 0 ||
           failed_because(failure, ENODEV, "terminal", "open", "/dev/ptmx", NULL);
}

/* Without the mount namespace paths mean the caller's own. */
static bool close_landlock(const struct options *options, const struct target *target,
                           struct failure *failure) {
    cleanup_fd int own = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    cleanup_fd int tools = options->toolbox ? open("/bin", O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
    int root = target->root >= 0 ? target->root : own;
    return landlock_close(&options->landlock, root, tools, failure);
}

static bool become_target(const struct options *options, struct entry *entry,
                          const struct confinement *confinement, struct failure *failure) {
    if (options->become_root)
        return identity_become(0, 0, failure) && privileges_leave_keyring(failure);
    if (!options->follow)
        return true;
    if (!confinement_keep_groups(confinement, failure) ||
        !confinement_take_ids(confinement, failure) || !privileges_leave_keyring(failure))
        return false;
    follow_inside(&entry->following, options, &entry->target);
    return true;
}

/*
 * The ids come before the terminal, whose owner is whoever opens ptmx, and before the files of a
 * toolbox: in the target's user namespace who we are outside may be nobody. Its devpts is looked
 * for below its own root, before that is /target.
 */
static bool arrive(const struct options *options, struct entry *entry,
                   const struct confinement *confinement, struct failure *failure) {
    struct target *target = &entry->target;
    return become_target(options, entry, confinement, failure) &&
           choose_terminal(options, target, &entry->pty, failure) &&
           (!options->toolbox || toolbox_enter(options, target, entry->toolbox, failure));
}

/*
 * What needs rights comes first: a label before no_new_privs, which forbids it; PDEATHSIG last, for
 * a change of credentials clears it.
 */
static bool confine(const struct options *options, struct entry *entry,
                    const struct confinement *confinement, struct failure *failure) {
    struct target *target = &entry->target;
    bool filters = entry->filters != NULL;
    return change_root(options, target, failure) && close_landlock(options, target, failure) &&
           (options->no_seccomp || filters || seccomp_install(failure)) &&
           (!options->follow || confinement_take_privileges(confinement, filters, failure)) &&
           privileges_hide(failure) && privileges_die_with_parent(failure);
}

static bool settle(const struct options *options, struct entry *entry, struct failure *failure) {
    struct confinement confinement = {0};
    struct target *target = &entry->target;
    if (options->follow && !confinement_read(&confinement, target->proc, failure))
        return false;
    bool arrived = arrive(options, entry, &confinement, failure);
    cleanup_fd int directory = arrived ? open_directory(options, target, failure) : -1;
    bool settled = arrived && (directory >= 0 || !options->directory) &&
                   confine(options, entry, &confinement, failure);
    free(confinement.groups);
    return settled && change_directory(options, directory, failure);
}

/* False where the monitor is gone, too. */
static bool await(int monitor, enum message_kind kind, int *received) {
    struct message message;
    return message_receive(monitor, &message, received) && message.kind == (uint32_t)kind;
}

_Noreturn void entered_main(const struct options *options, struct entry *entry, int monitor) {
    struct failure failure = {0};
    struct message message = {.kind = MESSAGE_PREPARED};
    int received[MESSAGE_DESCRIPTORS], code = EXIT_LAUNCHER_FAILED;
    struct execution execution = {.arguments = options->arguments,
                                  .environment = options->environment.items,
                                  .terminal = options->terminal,
                                  .limits = &options->rlimits,
                                  .filters = entry->filters};
    prctl(PR_SET_NAME, "terrarium-enter", 0, 0, 0); /* until the command is executed */
    /* The monitor has our pidfd before it hears from us: the joiner's word and ours share a socket.
     */
    if (!await(monitor, MESSAGE_GO, received)) {
        failed(&failure, "go", "recvmsg", NULL);
        message_give_up(monitor, &failure, EXIT_LAUNCHER_FAILED);
    }
    /* A toolbox has a mount namespace of its own. */
    if (settle(options, entry, &failure) &&
        namespaces_read(entry->target.procfs, message.namespaces, &failure)) {
        message.following = entry->following;
        execution.umask = umask(0);
        if (!message_send(monitor, &message, &entry->pty.master, options->terminal ? 1 : 0)) {
            failed(&failure, "prepare", "sendmsg", NULL);
            message_give_up(monitor, &failure, EXIT_LAUNCHER_FAILED);
        }
        cleanup_close_descriptor(&entry->pty.master);
        /* PDEATHSIG is set, so that a monitor that dies from here on takes us with it. */
        if (!await(monitor, MESSAGE_START, received)) {
            failed(&failure, "start", "recvmsg", NULL);
            message_give_up(monitor, &failure, EXIT_LAUNCHER_FAILED);
        }
        for (int i = 0; i < 3; i++)
            execution.stdio[i] = options->terminal ? entry->pty.slave : received[i];
        code = execute(&execution, &failure);
    }
    message_give_up(monitor, &failure, code);
}
