#include "run.h"
#include "cgroups.h"
#include "cleanup.h"
#include "identity.h"
#include "init.h"
#include "message.h"
#include "session.h"
#include "sources.h"
#include "state.h"
#include "syscalls.h"
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>

enum {
    NEW_NAMESPACES =
        CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET
};

/* One clone3 for all of them: the user namespace comes first and owns the others. */
static bool spawn_init(struct session *session, struct options *options, char **argv,
                       struct failure *failure) {
    int pair[2];
    cleanup_fd int unified = -1;
    if (!cgroups_open_unified(&options->cgroups, &unified, failure))
        return false;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return failed(failure, "namespaces", "socketpair", NULL);
    struct clone_args arguments = {.flags = (uint64_t)NEW_NAMESPACES | CLONE_PIDFD,
                                   .pidfd = (uint64_t)(uintptr_t)&session->process,
                                   .exit_signal = SIGCHLD};
    if (unified >= 0) {
        arguments.flags |= CLONE_INTO_CGROUP;
        arguments.cgroup = (uint64_t)unified;
    }
    pid_t child = clone3(&arguments);
    if (child == 0)
        init_main(options, pair[1], argv);
    session->inside = pair[0];
    close(pair[1]);
    if (child > 0) {
        session->pid = child;
        return true;
    }
    failed(failure, "namespaces", "clone3", NULL);
    if (failure->error == EPERM || failure->error == ENOSPC)
        failed_hint(failure, "this host forbids new user namespaces to this user "
                             "(user.max_user_namespaces, an AppArmor or seccomp policy)");
    return false;
}

static int open_user_namespace(pid_t pid, struct failure *failure) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/ns/user", pid);
    int user = open(path, O_RDONLY | O_CLOEXEC);
    if (user < 0)
        failed(failure, "idmap", "open", path);
    return user;
}

/* Sends one id-mapped mount; `place` is its place in the list, -1 for the root. */
static bool send_mount(struct session *session, struct mount_spec *mount, int place,
                       struct failure *failure) {
    if (!mount->idmapped)
        return true;
    struct message message = {.kind = MESSAGE_MOUNT, .number = place};
    cleanup_fd int user = open_user_namespace(session->pid, failure);
    if (user < 0)
        return false;
    if (!source_open(mount, user, failure))
        return mount->optional;
    bool sent = message_send(session->inside, &message, &mount->tree, 1);
    if (!sent)
        failed(failure, "idmap", "sendmsg", mount->source);
    cleanup_close_descriptor(&mount->tree);
    return sent;
}

/* Id-mapping needs CAP_SYS_ADMIN where the file system was mounted: only the monitor has that. */
static bool send_mounts(struct session *session, struct options *options, struct failure *failure) {
    if (!send_mount(session, &options->root, -1, failure))
        return false;
    for (size_t i = 0; i < options->mount_count; i++)
        if (!send_mount(session, &options->mounts[i], (int)i, failure))
            return false;
    return true;
}

static bool furnish(struct session *session, struct options *options, struct failure *failure) {
    if (!identity_write_maps(session->pid, options, failure) ||
        !send_mounts(session, options, failure))
        return false;
    return message_send_kind(session->inside, MESSAGE_GO) || failed(failure, "go", "sendmsg", NULL);
}

static bool begin(struct session *session, struct options *options, char **argv,
                  struct failure *failure) {
    uint64_t namespaces[NAMESPACE_COUNT];
    if (!rlimits_raise(&options->rlimits, failure) || !session_open(session, failure) ||
        !spawn_init(session, options, argv, failure) || !furnish(session, options, failure) ||
        !session_await_prepared(session, namespaces, failure))
        return false;
    status_ready(options->status, session->pid, namespaces);
    return session_start(session, failure);
}

int run(struct options *options, char **argv) {
    struct session session = session_new(options);
    struct failure failure = {0};
    struct ending ending = {.code = EXIT_LAUNCHER_FAILED};
    struct state state;
    bool opened = state_open(&state, options, &failure);
    session.state_directory = state.directory;
    bool begun = opened && begin(&session, options, argv, &failure);
    session.direct = options->no_init;
    if (begun)
        ending = session_supervise(&session);
    else
        session_report(&session, &failure);
    session_close(&session, ending);
    cgroups_remove(&options->cgroups);
    /* What never ran has no ending: its creator was told, or is dead and the next one sees to it. */
    state_finish(&state, options->keep_state, begun && !session.refused ? &ending : NULL);
    status_exit(options->status, ending);
    return ending.code;
}
