#include "session.h"
#include "cgroups.h"
#include "cleanup.h"
#include "client.h"
#include "deadline.h"
#include "descendants.h"
#include "message.h"
#include "signals.h"
#include "wait.h"
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

struct session session_new(const struct options *options) {
    return (struct session){.options = options,
                            .listener = {.socket = -1, .directory = -1},
                            .signals = -1,
                            .inside = -1,
                            .process = -1,
                            .client = -1,
                            .state_directory = -1,
                            .timer = -1,
                            .partner = -1,
                            .children = -1,
                            .master = -1};
}

bool session_open(struct session *session, struct failure *failure) {
    const struct options *options = session->options;
    session->signals = signals_open(0, failure);
    session->processes = calloc(options->processes.count + 1, sizeof *session->processes);
    if (!session->processes)
        return failed(failure, "processes", "calloc", NULL);
    return session->signals >= 0 && deadline_open(session, failure) &&
           (!options->listen || listener_open(&session->listener, options, failure));
}

static bool shares_pids(const struct options *options) {
    return options->command == COMMAND_RUN &&
           !(choices_flags(options->wishes, NAMESPACE_NEW) & CLONE_NEWPID);
}

bool session_share(struct session *session, struct failure *failure) {
    if (!shares_pids(session->options))
        return true;
    session->children = descendants_adopt(failure);
    return session->children >= 0;
}

enum { ENTRY_TIMEOUT_MS = 10000 };

bool session_await_inside(struct session *session, const char *stage, struct failure *failure) {
    bool enters = session->options->command == COMMAND_ENTER;
    if (wait_readable(session, session->inside, enters ? ENTRY_TIMEOUT_MS : -1, stage, failure))
        return true;
    if (failure->error == ETIMEDOUT)
        failed_hint(failure, "the process was paused meanwhile, or a file system of its does not "
                             "answer");
    return false;
}

bool session_await_prepared(struct session *session, uint64_t *namespaces,
                            struct failure *failure) {
    struct message message;
    int received[MESSAGE_DESCRIPTORS];
    if (!session_await_inside(session, "prepare", failure))
        return false;
    if (!message_receive(session->inside, &message, received))
        return failed(failure, "prepare", "recvmsg", NULL);
    if (message.kind == MESSAGE_PREPARED) {
        session->master = take_fd(&received[0]);
        memcpy(namespaces, message.namespaces, sizeof message.namespaces);
        session->following = message.following;
        return true;
    }
    message_close(received);
    *failure = message.failure;
    return message.kind == MESSAGE_FAILED
               ? false
               : failed_because(failure, EPROTO, "prepare", "recvmsg", NULL, NULL);
}

/* End of file there: the creator died before it had written down what it made. */
static bool synchronise(struct session *session, struct failure *failure) {
    char byte;
    int sync = session->options->sync;
    if (sync < 0)
        return true;
    if (!wait_readable(session, sync, -1, "sync", failure))
        return false;
    ssize_t got;
    do
        got = read(sync, &byte, 1);
    while (got < 0 && errno == EINTR);
    if (got != 1)
        return failed_because(failure, EPIPE, "sync", "read", NULL,
                              "the process that asked for this session has ended");
    return true;
}

bool session_start(struct session *session, struct failure *failure) {
    struct message start = {.kind = MESSAGE_START};
    int stdio[3] = {-1, -1, -1};
    if (!synchronise(session, failure) || !client_connect(session, stdio, failure))
        return false;
    size_t count = session->options->terminal ? 0 : 3;
    bool sent = message_send(session->inside, &start, stdio, count);
    int error = errno;
    for (size_t i = 0; i < count; i++)
        close(stdio[i]);
    session->started = sent;
    if (!sent)
        return failed_because(failure, error, "start", "sendmsg", NULL, NULL);
    return deadline_start(session, failure);
}

void session_report(struct session *session, const struct failure *failure) {
    struct message message = {.kind = MESSAGE_FAILED, .failure = *failure};
    bool own = session->own_client != 0;
    status_failure(session->options->status, failure);
    if (session->client >= 0 && !own)
        message_send(session->client, &message, NULL, 0);
    if (session->options->status < 0 && (session->client < 0 || own))
        failure_print(failure);
}

static void pass_ending(struct session *session, struct ending ending) {
    struct message message = {
        .kind = MESSAGE_EXITED, .number = ending.code, .signal = ending.signal};
    if (session->client >= 0)
        message_send(session->client, &message, NULL, 0);
    cleanup_close_descriptor(&session->client);
    if (session->own_client)
        waitpid(session->own_client, NULL, 0);
}

/* 0 and -1 are other things to kill(2) than "nobody". */
static void kill_process(const struct session *session, int number) {
    if (session->pid > 0)
        kill(session->pid, number);
}

void session_signal(struct session *session, int number) {
    struct message message = {.kind = MESSAGE_SIGNAL, .number = number};
    if (session->direct)
        kill_process(session, number);
    else if (session->inside >= 0)
        message_send(session->inside, &message, NULL, 0);
}

void session_kill(struct session *session) {
    /* Its whole pid namespace dies with it. */
    kill_process(session, SIGKILL);
    /* What version 1's freezer holds dies only when it is let go. */
    if (session->options->command == COMMAND_RUN)
        cgroups_thaw(&session->options->cgroups);
}

void session_close(struct session *session, struct ending ending) {
    if (session->pid > 0) {
        session_kill(session); /* the wait returns when all are gone */
        waitpid(session->pid, NULL, 0);
        session->pid = 0;
    }
    if (shares_pids(session->options)) {
        cgroups_kill(&session->options->cgroups);
        descendants_end(session->children, session->own_client);
    }
    cleanup_close_descriptor(&session->children);
    listener_close(&session->listener);
    cleanup_close_descriptor(&session->master);
    pass_ending(session, ending);
    cleanup_close_descriptor(&session->inside);
    cleanup_close_descriptor(&session->process);
    free(session->processes);
    session->processes = NULL;
    cleanup_close_descriptor(&session->timer);
    cleanup_close_descriptor(&session->partner);
    cleanup_close_descriptor(&session->signals);
}
