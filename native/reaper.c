#include "reaper.h"
#include "capabilities.h"
#include "descendants.h"
#include "message.h"
#include "privileges.h"
#include "signals.h"
#include "status.h"
#include <errno.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

_Noreturn void reaper_report_end(int monitor, int code, int signal) {
    struct message message = {.kind = MESSAGE_EXITED, .number = code, .signal = signal};
    message_send(monitor, &message, NULL, 0);
    _exit(code); /* the monitor's second source, should the message be lost */
}

_Noreturn void reaper_give_up(int monitor, const char *call) {
    struct failure failure;
    failed(&failure, "init", call, NULL);
    message_give_up(monitor, &failure, EXIT_LAUNCHER_FAILED);
}

static _Noreturn void report_status(int monitor, int status) {
    int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    reaper_report_end(monitor, signal ? 128 + signal : WEXITSTATUS(status), signal);
}

static void reap(pid_t command, int monitor) {
    int status;
    pid_t ended;
    while ((ended = waitpid(-1, &status, WNOHANG)) > 0)
        if (ended == command)
            report_status(monitor, status);
    if (ended < 0 && errno != ECHILD)
        reaper_give_up(monitor, "waitpid");
}

static void take_signals(pid_t command, int monitor, int signals) {
    for (int number; (number = signals_next(signals)) != 0;) {
        if (number == SIGCHLD)
            reap(command, monitor);
        else
            kill(command, number);
    }
}

_Noreturn void reaper_lose_monitor(int children) {
    descendants_end(children, 0);
    _exit(EXIT_LAUNCHER_FAILED);
}

static void take_message(pid_t command, int monitor, int children) {
    struct message message;
    int received[MESSAGE_DESCRIPTORS];
    if (!message_receive(monitor, &message, received))
        reaper_lose_monitor(children);
    message_close(received);
    if (message.kind == MESSAGE_SIGNAL && signal_is_forwarded(message.number))
        kill(command, message.number);
}

_Noreturn void reaper_run(pid_t command, int monitor, int children) {
    struct failure failure = {0};
    struct capability_sets none = {0};
    int signals = signals_open(SIGCHLD, &failure);
    if (signals < 0 || !capabilities_set(&none, &failure))
        message_give_up(monitor, &failure, EXIT_LAUNCHER_FAILED);
    /* The command may have ended before SIGCHLD was blocked. */
    reap(command, monitor);
    struct pollfd watched[] = {{.fd = monitor, .events = POLLIN},
                               {.fd = signals, .events = POLLIN}};
    for (;;) {
        if (poll(watched, 2, -1) < 0 && errno != EINTR)
            reaper_give_up(monitor, "poll");
        if (watched[1].revents)
            take_signals(command, monitor, signals);
        if (watched[0].revents)
            take_message(command, monitor, children);
    }
}
