#include "attach.h"
#include "cleanup.h"
#include "copy.h"
#include "descriptors.h"
#include "failure.h"
#include "listener.h"
#include "message.h"
#include "signals.h"
#include "terminal.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

/* How long output may pause after the command's end before the rest is given up (background
 * processes of an entered session can hold its pipes open for ever). */
enum { DRAIN_IDLE_MS = 250 };

struct client {
    int socket; /* to the monitor; -1 once it is closed */
    int signals;
    int master; /* of the session's terminal, or -1 */
    bool pass_signals;
    bool ended; /* the ending is known */
    int code;
    struct channel input, outputs[2];
};

/* What a call answered, when the session cannot go on without it. */
static int give_up(const char *call, const char *hint) {
    struct failure failure;
    failed_because(&failure, errno, "attach", call, NULL, hint);
    failure_print(&failure);
    return EXIT_LAUNCHER_FAILED;
}

/* The monitor died without a word, and by PDEATHSIG the session with it. */
static void refuse_lost_session(void) {
    struct failure failure;
    refused(&failure, "attach",
            "the launcher that held this session was killed; the session ended");
    failure_print(&failure);
}

static void take_message(struct client *client) {
    struct message message;
    int received[MESSAGE_DESCRIPTORS];
    if (!message_receive(client->socket, &message, received)) {
        if (!client->ended && errno == ECONNRESET)
            refuse_lost_session();
        else if (!client->ended)
            give_up("recvmsg", NULL);
        cleanup_close_descriptor(&client->socket);
        client->ended = true;
        return;
    }
    message_close(received);
    if (message.kind == MESSAGE_FAILED)
        failure_print(&message.failure);
    if (message.kind != MESSAGE_EXITED)
        return;
    client->code = message.number;
    client->ended = true;
}

/* With a terminal an end of this process is a hangup: leave, and the master closes. */
static void take_signal(struct client *client, int number) {
    struct message message = {.kind = MESSAGE_SIGNAL, .number = number};
    if (number == SIGWINCH) {
        terminal_copy_size(client->master);
    } else if (client->master >= 0) {
        client->code = 128 + number;
        client->ended = true;
        channel_close(&client->outputs[0]);
    } else {
        message_send(client->socket, &message, NULL, 0);
    }
}

static bool outputs_open(const struct client *client) {
    return channel_is_open(&client->outputs[0]) || channel_is_open(&client->outputs[1]);
}

/* One round of waiting and copying; false when nothing came in the time. */
static bool serve_once(struct client *client) {
    struct channel *channels[] = {&client->input, &client->outputs[0], &client->outputs[1]};
    struct pollfd watched[8] = {{.fd = client->socket, .events = POLLIN},
                                {.fd = client->signals, .events = POLLIN}};
    for (int i = 0; i < 3; i++)
        channel_watch(channels[i], &watched[2 + 2 * i]);
    int ready = poll(watched, 8, client->ended ? DRAIN_IDLE_MS : -1);
    if (ready < 0 && errno == EINTR)
        return true;
    if (ready < 0)
        client->code = give_up("poll", NULL);
    if (ready <= 0)
        return false;
    for (int i = 0; i < 3; i++)
        channel_move(channels[i], &watched[2 + 2 * i]);
    if (watched[0].revents)
        take_message(client);
    for (int number; watched[1].revents && (number = signals_next(client->signals)) != 0;)
        take_signal(client, number);
    return true;
}

static int serve(struct client *client) {
    while (!client->ended || outputs_open(client))
        if (!serve_once(client))
            break;
    return client->code;
}

/* End of input: from a terminal it is a hangup, from a pipe the command sees Ctrl-D. */
static int serve_terminal(struct client *client, int master) {
    struct terminal_mode saved;
    client->master = master;
    /* Other copies of the master's description do not exist, so this flag disturbs nobody. */
    if (fcntl(master, F_SETFL, O_NONBLOCK) < 0)
        return give_up("fcntl(F_SETFL)", NULL);
    terminal_copy_size(master);
    if (!message_send_kind(client->socket, MESSAGE_START))
        return give_up("sendmsg", NULL);
    channel_open(&client->input, STDIN_FILENO, master, INPUT_OF_TERMINAL);
    channel_open(&client->outputs[0], master, STDOUT_FILENO, PLAIN);
    terminal_make_raw(&saved);
    int code = serve(client);
    terminal_restore(&saved);
    return code;
}

/* A terminal is never handed over: a pipe is, and this process copies. */
static int stand_in(int standard, struct channel *channel) {
    int ends[2];
    if (!terminal_is(standard))
        return fcntl(standard, F_DUPFD_CLOEXEC, 3);
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -1;
    bool input = standard == STDIN_FILENO;
    if (fcntl(ends[input ? 1 : 0], F_SETFL, O_NONBLOCK) < 0)
        return -1;
    if (input)
        channel_open(channel, standard, ends[1], OWNS_OUTPUT);
    else
        channel_open(channel, ends[0], standard, OWNS_INPUT);
    return ends[input ? 0 : 1];
}

static bool give_stdio(struct client *client, int given[3]) {
    struct channel *channels[] = {&client->input, &client->outputs[0], &client->outputs[1]};
    struct message start = {.kind = MESSAGE_START};
    for (int i = 0; i < 3; i++) {
        given[i] = stand_in(i, channels[i]);
        if (given[i] < 0)
            return false;
    }
    return message_send(client->socket, &start, given, 3);
}

static int serve_stdio(struct client *client) {
    struct failure ignored; /* then the reader sees the end a little later, when we end */
    int given[3];
    if (!give_stdio(client, given))
        return give_up("sendmsg(SCM_RIGHTS)", NULL); /* what is open ends with this process */
    for (int i = 0; i < 3; i++)
        cleanup_close_descriptor(&given[i]);
    /* The command has its own copies: its readers must see the end when it closes them. */
    for (int i = 0; i < 2; i++)
        if (!terminal_is(i))
            descriptor_forget(i, &ignored);
    return serve(client);
}

int attach_session(int socket, bool pass_signals) {
    struct failure failure = {0};
    struct message message;
    int received[MESSAGE_DESCRIPTORS];
    struct client client = {.socket = socket,
                            .master = -1,
                            .signals = -1,
                            .code = EXIT_LAUNCHER_FAILED,
                            .input = CHANNEL_CLOSED,
                            .outputs = {CHANNEL_CLOSED, CHANNEL_CLOSED}};
    client.signals = signals_open_client(pass_signals, &failure);
    if (client.signals < 0) {
        failure_print(&failure);
        return EXIT_LAUNCHER_FAILED;
    }
    /* A launcher whose own client this is says itself why there is none. */
    if (!message_receive(socket, &message, received))
        return pass_signals ? give_up("recvmsg", "the sandbox may have ended; open a new one")
                            : EXIT_LAUNCHER_FAILED;
    if (message.kind == MESSAGE_TERMINAL && received[0] >= 0)
        return serve_terminal(&client, received[0]);
    message_close(received);
    if (message.kind == MESSAGE_STDIO)
        return serve_stdio(&client);
    if (message.kind == MESSAGE_FAILED)
        failure_print(&message.failure);
    return EXIT_LAUNCHER_FAILED;
}

int attach(const char *path) {
    struct failure failure = {0};
    int socket = listener_connect(path, &failure);
    if (socket < 0) {
        failure_print(&failure);
        return EXIT_LAUNCHER_FAILED;
    }
    return attach_session(socket, true);
}
