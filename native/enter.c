#include "enter.h"
#include "cleanup.h"
#include "join.h"
#include "message.h"
#include "privileges.h"
#include "session.h"
#include "target.h"
#include "wait.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>

/* Opened here, where /dev is the host's; used where the target has no devpts of its own. */
static int open_host_ptmx(const struct options *options) {
    return options->terminal ? open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC) : -1;
}

static bool spawn_joiner(struct session *session, struct target *target, pid_t *joiner,
                         struct failure *failure) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return failed(failure, "namespaces", "socketpair", NULL);
    cleanup_fd int host_ptmx = open_host_ptmx(session->options);
    *joiner = fork();
    if (*joiner == 0) {
        close(pair[0]);
        join_main(session->options, target, host_ptmx, pair[1]);
    }
    session->inside = pair[0];
    close(pair[1]);
    return *joiner > 0 || failed(failure, "namespaces", "fork", NULL);
}

/* The joiner tells who entered, or why nobody could. */
static bool await_entered(struct session *session, struct failure *failure) {
    struct message message;
    int received[MESSAGE_DESCRIPTORS];
    if (!wait_readable(session, session->inside, -1, "namespaces", failure))
        return false;
    if (!message_receive(session->inside, &message, received))
        return failed(failure, "namespaces", "recvmsg", NULL);
    if (message.kind == MESSAGE_ENTERED) {
        session->pid = message.number;
        session->process = take_fd(&received[0]);
        return message_send_kind(session->inside, MESSAGE_GO) ||
               failed(failure, "go", "sendmsg", NULL);
    }
    message_close(received);
    *failure = message.failure;
    return message.kind == MESSAGE_FAILED
               ? false
               : failed_because(failure, EPROTO, "namespaces", "recvmsg", NULL, NULL);
}

static bool begin(struct session *session, struct options *options, pid_t *joiner,
                  struct failure *failure) {
    uint64_t namespaces[NAMESPACE_COUNT];
    struct target target;
    if (!session_open(session, failure) || !target_open(&target, options, failure) ||
        !privileges_hide(failure) || !spawn_joiner(session, &target, joiner, failure) ||
        !await_entered(session, failure) || !session_await_prepared(session, namespaces, failure))
        return false;
    status_ready(options->status, session->pid, namespaces);
    return session_start(session, failure);
}

int enter(struct options *options) {
    struct session session = session_new(options);
    struct failure failure = {0};
    struct ending ending = {.code = EXIT_LAUNCHER_FAILED};
    pid_t joiner = -1;
    bool begun = begin(&session, options, &joiner, &failure);
    if (joiner > 0)
        waitpid(joiner, NULL, 0);
    session.direct = true;
    if (begun)
        ending = session_supervise(&session);
    else
        session_report(&session, &failure);
    session_close(&session, ending);
    status_exit(options->status, ending);
    return ending.code;
}
