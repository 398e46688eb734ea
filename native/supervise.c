#include "cleanup.h"
#include "deadline.h"
#include "message.h"
#include "process.h"
#include "session.h"
#include "signals.h"
#include "state.h"
#include "status.h"
#include <errno.h>
#include <poll.h>
#include <sys/wait.h>

/* For whoever follows the events, and for whoever asks later. */
static void take_process(struct session *session, const struct process_state *state) {
    const struct process_list *list = &session->options->processes;
    if (state->place >= list->count)
        return;
    session->processes[state->place] = *state;
    cleanup_free char *one = process_json(&list->items[state->place], state);
    cleanup_free char *all = processes_json(list, session->processes);
    if (one)
        status_process(session->options->status, one);
    if (all && session->state_directory >= 0)
        state_write(session->state_directory, "processes.json", all);
}

/* From init: how the command ended; or, from whoever could not become it, why. */
static void take_inside(struct session *session, struct ending *ending, bool *known) {
    struct message message;
    int received[MESSAGE_DESCRIPTORS];
    if (!message_receive(session->inside, &message, received)) {
        if (errno != ECONNRESET && errno != EPROTO)
            return; /* no memory for it just now: it is still there */
        /* Without init between us the socket's last end is CLOEXEC in the command: exec closed it.
         */
        if (session->direct && !session->refused)
            status_started(session->options->status);
        cleanup_close_descriptor(&session->inside);
        return;
    }
    message_close(received);
    if (message.kind == MESSAGE_STARTED)
        status_started(session->options->status);
    if (message.kind == MESSAGE_PROCESS)
        take_process(session, &message.process);
    if (message.kind == MESSAGE_FAILED) {
        session->refused = true;
        session_report(session, &message.failure);
    }
    if (message.kind != MESSAGE_EXITED)
        return;
    *ending = (struct ending){.code = message.number, .signal = message.signal};
    *known = true;
}

/*
 * A client without a terminal that goes away is a hangup; with one, the kernel sends SIGHUP. To a
 * service SIGHUP means "read your configuration again": several processes are asked to stop.
 */
static void take_client(struct session *session) {
    struct message message;
    int received[MESSAGE_DESCRIPTORS];
    if (!message_receive(session->client, &message, received)) {
        cleanup_close_descriptor(&session->client);
        if (!session->options->terminal)
            session_signal(session, session->options->processes.count ? SIGTERM : SIGHUP);
        return;
    }
    message_close(received);
    if (message.kind == MESSAGE_SIGNAL && signal_is_forwarded(message.number))
        session_signal(session, message.number);
}

static struct ending ending_of(const siginfo_t *status) {
    if (status->si_code == CLD_EXITED)
        return (struct ending){.code = status->si_status};
    return (struct ending){.code = 128 + status->si_status, .signal = status->si_status};
}

static void await_end(const struct session *session, siginfo_t *status) {
    while (waitid(P_PID, (id_t)session->pid, status, WEXITED) < 0 && errno == EINTR)
        ;
}

/* The process itself is the second source: its own code, or the signal that killed it. */
static struct ending missed_ending(struct session *session, const siginfo_t *status) {
    struct ending ending =
        status->si_pid ? ending_of(status) : (struct ending){.code = EXIT_LAUNCHER_FAILED};
    struct failure failure = {0};
    if (!status->si_pid)
        failed(&failure, "supervise", "waitid", NULL);
    else if (ending.code == EXIT_LAUNCHER_FAILED && !session->direct)
        refused(&failure, "init", "the sandbox's first process ended without a word");
    if (failure.stage[0] && !session->refused)
        session_report(session, &failure);
    return ending;
}

/* Without poll nothing can be watched over any more. */
static void give_up(struct session *session, struct ending *ending, bool *known) {
    struct failure failure;
    failed(&failure, "supervise", "poll", NULL);
    session_report(session, &failure);
    session_kill(session);
    *ending = (struct ending){.code = EXIT_LAUNCHER_FAILED};
    *known = true;
}

static void take_events(struct session *session, const struct pollfd *watched,
                        struct ending *ending, bool *known) {
    if (watched[0].revents)
        take_inside(session, ending, known);
    if (watched[1].revents)
        take_client(session);
    for (int number; watched[2].revents && (number = signals_next(session->signals)) != 0;)
        session_signal(session, number);
    if (watched[4].revents)
        deadline_reached(session);
    if (watched[5].revents) {
        cleanup_close_descriptor(&session->partner);
        session_kill(session);
    }
}

/* timeout(1): 124, however the command ended. */
static struct ending judge(const struct session *session, struct ending ending) {
    return session->timed_out ? (struct ending){.code = EXIT_TIMED_OUT} : ending;
}

struct ending session_supervise(struct session *session) {
    struct ending ending = {0};
    bool known = false;
    siginfo_t status = {0};
    for (;;) {
        struct pollfd watched[] = {
            {.fd = session->inside, .events = POLLIN},  {.fd = session->client, .events = POLLIN},
            {.fd = session->signals, .events = POLLIN}, {.fd = session->process, .events = POLLIN},
            {.fd = session->timer, .events = POLLIN},   {.fd = session->partner, .events = POLLIN}};
        if (poll(watched, 6, -1) < 0) {
            if (errno == EINTR)
                continue;
            give_up(session, &ending, &known);
            break;
        }
        take_events(session, watched, &ending, &known);
        /* Last messages first: they were sent before the end. */
        if (watched[3].revents && !watched[0].revents &&
            process_has_ended(session->process, session->pid) && poll(watched, 1, 0) != 1)
            break;
    }
    /* With init this returns after every process of the pid namespace is gone. */
    await_end(session, &status);
    session->pid = 0; /* reaped: the number may be another's */
    cleanup_close_descriptor(&session->process);
    return judge(session, known ? ending : missed_ending(session, &status));
}
