#include "client.h"
#include "attach.h"
#include "cleanup.h"
#include "descriptors.h"
#include "message.h"
#include "terminal.h"
#include "wait.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* An editor that starts may take long to open its terminal; one that died must not hold us. */
enum { ATTACH_TIMEOUT_MS = 60000, HANDSHAKE_TIMEOUT_MS = 10000 };

static bool await_client(struct session *session, struct failure *failure) {
    while (session->client < 0) {
        if (!wait_readable(session, session->listener.socket, ATTACH_TIMEOUT_MS, "attach", failure))
            return failure->error != ETIMEDOUT
                       ? false
                       : failed_hint(failure, "nobody attached within 60 seconds");
        if (!listener_accept(&session->listener, session->options, &session->client, failure))
            return false;
    }
    listener_close(&session->listener);
    return true;
}

static _Noreturn void be_client(int socket) {
    struct failure failure = {0};
    /* No PDEATHSIG: end of file on the socket is enough, and leaves time to restore the terminal.
     */
    if (!descriptors_keep_only(&socket, &failure))
        _exit(EXIT_LAUNCHER_FAILED);
    /* Signals from a terminal reach the monitor as well, which passes them on: once is enough. */
    _exit(attach_session(socket, false));
}

/* A pipe that the command closes must be closed: stderr stays, for our own last words. */
static void forget_own_stdio(const struct session *session) {
    struct failure ignored; /* then the reader sees the end a little later, when we end */
    for (int i = 0; i < 2; i++)
        if (session->options->status != i && session->options->sync != i)
            descriptor_forget(i, &ignored);
}

static bool has_terminal(void) {
    return terminal_is(0) || terminal_is(1) || terminal_is(2);
}

/* Where none of the own descriptors is a terminal, nothing has to be copied by anybody. */
static bool lend_own_stdio(const struct session *session, int stdio[3], struct failure *failure) {
    for (int i = 0; i < 3; i++) {
        stdio[i] = fcntl(i, F_DUPFD_CLOEXEC, 3);
        if (stdio[i] < 0)
            return failed(failure, "attach", "fcntl(F_DUPFD_CLOEXEC)", NULL);
    }
    forget_own_stdio(session);
    return true;
}

/*
 * The same code as for a client that connects, in a process of its own: a descriptor that is a
 * terminal is never handed to the command (CVE-2017-5226), and --tty works by hand.
 */
static bool fork_client(struct session *session, struct failure *failure) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return failed(failure, "attach", "socketpair", NULL);
    session->own_client = fork();
    if (session->own_client == 0)
        be_client(pair[1]);
    close(pair[1]);
    session->client = pair[0];
    if (session->own_client < 0) {
        session->own_client = 0;
        return failed(failure, "attach", "fork", NULL);
    }
    forget_own_stdio(session);
    return true;
}

static bool offer(struct session *session, struct failure *failure) {
    bool terminal = session->options->terminal;
    struct message message = {.kind = terminal ? MESSAGE_TERMINAL : MESSAGE_STDIO};
    if (!message_send(session->client, &message, &session->master, terminal ? 1 : 0))
        return failed(failure, "attach", "sendmsg", NULL);
    /* The client's copy is the last one: closing the tab closes it, and the session gets SIGHUP. */
    cleanup_close_descriptor(&session->master);
    return true;
}

/* The client's "start", with its descriptors where the session has no terminal. */
static bool await_start(struct session *session, int stdio[3], struct failure *failure) {
    struct message message;
    int received[MESSAGE_DESCRIPTORS];
    bool terminal = session->options->terminal;
    if (!wait_readable(session, session->client, HANDSHAKE_TIMEOUT_MS, "attach", failure))
        return false;
    if (!message_receive(session->client, &message, received))
        return failed_because(failure, errno, "attach", "recvmsg", NULL,
                              "the client left before the command began");
    if (message.kind != MESSAGE_START || (!terminal && received[2] < 0)) {
        message_close(received);
        return failed_because(failure, EPROTO, "attach", "recvmsg", NULL, NULL);
    }
    for (int i = 0; i < 3; i++)
        stdio[i] = terminal ? -1 : take_fd(&received[i]);
    message_close(received);
    return true;
}

static bool get_stdio(struct session *session, int stdio[3], struct failure *failure) {
    const struct options *options = session->options;
    if (!options->listen && !options->terminal && !has_terminal())
        return lend_own_stdio(session, stdio, failure);
    bool connected =
        options->listen ? await_client(session, failure) : fork_client(session, failure);
    return connected && offer(session, failure) && await_start(session, stdio, failure);
}

/* From a directory every path of its file system can be reached (fchdir, openat: CVE-2024-21626).
 */
static bool refuse_directories(int stdio[3], struct failure *failure) {
    struct stat what;
    for (int i = 0; i < 3; i++)
        if (stdio[i] >= 0 && fstat(stdio[i], &what) < 0)
            return failed(failure, "attach", "fstat", NULL);
        else if (stdio[i] >= 0 && S_ISDIR(what.st_mode))
            return refused(failure, "attach",
                           "standard descriptor %d is a directory, which would lead the command "
                           "out of its root",
                           i);
    return true;
}

bool client_connect(struct session *session, int stdio[3], struct failure *failure) {
    if (get_stdio(session, stdio, failure) && refuse_directories(stdio, failure))
        return true;
    for (int i = 0; i < 3; i++)
        cleanup_close_descriptor(&stdio[i]);
    return false;
}
