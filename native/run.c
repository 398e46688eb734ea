#include "run.h"
#include "cgroups.h"
#include "cleanup.h"
#include "clone.h"
#include "identity.h"
#include "init.h"
#include "join.h"
#include "message.h"
#include "nftables.h"
#include "process.h"
#include "session.h"
#include "sources.h"
#include "state.h"
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/socket.h>

static bool clone_failed(const struct options *options, struct failure *failure) {
    bool own_user = choices_flags(options->wishes, NAMESPACE_NEW) & CLONE_NEWUSER;
    failed(failure, "namespaces", "clone3", NULL);
    if (failure->error == EPERM && !own_user)
        return failed_hint(failure, "only root makes other namespaces without a new user "
                                    "namespace, or one that it joins (user_namespaces(7))");
    if (failure->error == EPERM || failure->error == ENOSPC)
        failed_hint(failure, "this host forbids new user namespaces to this user "
                             "(user.max_user_namespaces, an AppArmor or seccomp policy)");
    return false;
}

/* By a process that joins first: the monitor itself stays where it is. */
static bool spawn_by_joiner(struct session *session, struct options *options, uint64_t flags,
                            int cgroup, int inside, char **argv, struct failure *failure) {
    pid_t joiner = fork();
    if (joiner < 0)
        return failed(failure, "namespaces", "fork", NULL);
    if (joiner == 0)
        join_shared(options, flags, cgroup, inside, argv);
    return join_await(session, joiner, failure);
}

/* cgroup and time are entered by init itself, once it is in its cgroups. */
static bool spawn_init(struct session *session, struct options *options, char **argv,
                       struct failure *failure) {
    int pair[2];
    cleanup_fd int unified = -1;
    if (!cgroups_open_unified(&options->cgroups, &unified, failure))
        return false;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return failed(failure, "namespaces", "socketpair", NULL);
    session->inside = pair[0];
    cleanup_fd int inside = pair[1];
    uint64_t flags = (uint64_t)choices_flags(options->wishes, NAMESPACE_NEW) &
                     ~(uint64_t)(CLONE_NEWCGROUP | CLONE_NEWTIME);
    if (choices_flags(options->wishes, NAMESPACE_JOINED))
        return spawn_by_joiner(session, options, flags, unified, inside, argv, failure);
    session->pid = clone_process(flags, unified, &options->placed);
    if (session->pid == 0)
        init_main(options, inside, argv);
    if (session->pid < 0)
        return clone_failed(options, failure);
    session->process = process_watch(session->pid);
    return session->process >= 0 || failed(failure, "namespaces", "pidfd_open", NULL);
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
    bool mapped = !(choices_flags(options->wishes, NAMESPACE_NEW) & CLONE_NEWUSER);
    if (!mapped && !identity_write_maps(session->pid, options, failure))
        return false;
    if (!send_mounts(session, options, failure))
        return false;
    struct message go = {.kind = MESSAGE_GO};
    int mounts = choices_file(options->wishes, CLONE_NEWNS);
    return message_send(session->inside, &go, &mounts, mounts >= 0 ? 1 : 0) ||
           failed(failure, "go", "sendmsg", NULL);
}

static bool begin(struct session *session, struct options *options, char **argv,
                  struct failure *failure) {
    uint64_t namespaces[NAMESPACE_COUNT];
    if (!rlimits_raise(&options->rlimits, failure) || !session_open(session, failure) ||
        !choices_open(options->wishes, failure) || !session_share(session, failure) ||
        !spawn_init(session, options, argv, failure) || !furnish(session, options, failure) ||
        !session_await_prepared(session, namespaces, failure))
        return false;
    status_ready(options->status, session->pid, namespaces, &session->following);
    return session_start(session, failure);
}

void run_abandon(const struct options *options) {
    struct failure ignored;
    struct state state;
    if (options->command != COMMAND_RUN)
        return; /* the cgroups of whom it wanted to enter are not its own */
    state_open(&state, options, &ignored);
    nftables_remove(options->nft_table);
    cgroups_remove(&options->cgroups);
    state_finish(&state, options, NULL);
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
    nftables_remove(options->nft_table);
    ending.oom_kills = cgroups_oom_kills(&options->cgroups);
    cgroups_remove(&options->cgroups);
    /* What never ran has no ending: its creator was told, or is dead and the next one sees to it.
     */
    state_finish(&state, options, begun && !session.refused ? &ending : NULL);
    status_exit(options->status, ending);
    return ending.code;
}
