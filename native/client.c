#include "client.h"
#include "attach.h"
#include "cleanup.h"
#include "descriptors.h"
#include "message.h"
#include "wait.h"
#include <errno.h>
#include <sys/socket.h>

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
    /* A pipe that the command closes must be closed: stderr stays, for our own last words. */
    for (int i = 0; i < 2; i++)
        if (session->options->status != i && session->options->sync != i)
            descriptor_forget(i);
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

bool client_connect(struct session *session, int stdio[3], struct failure *failure) {
    struct message message;
    int received[MESSAGE_DESCRIPTORS];
    bool connected =
        session->options->listen ? await_client(session, failure) : fork_client(session, failure);
    if (!connected || !offer(session, failure) ||
        !wait_readable(session, session->client, HANDSHAKE_TIMEOUT_MS, "attach", failure))
        return false;
    if (!message_receive(session->client, &message, received))
        return failed_because(failure, errno, "attach", "recvmsg", NULL,
                              "the client left before the command began");
    bool complete = session->options->terminal || received[2] >= 0;
    if (message.kind != MESSAGE_START || !complete) {
        message_close(received);
        return failed_because(failure, EPROTO, "attach", "recvmsg", NULL, NULL);
    }
    for (int i = 0; i < 3; i++)
        stdio[i] = session->options->terminal ? -1 : take_fd(&received[i]);
    message_close(received);
    return true;
}
