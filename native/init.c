#include "init.h"
#include "cleanup.h"
#include "descriptors.h"
#include "execute.h"
#include "message.h"
#include "prepare.h"
#include "privileges.h"
#include "reaper.h"
#include "title.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static _Noreturn void report(int monitor, const struct failure *failure, int code) {
    struct message message = {.kind = MESSAGE_FAILED, .failure = *failure};
    message_send(monitor, &message, NULL, 0);
    _exit(code);
}

/* Waits for "start" and what comes with it; the monitor's end is ours. */
static void await_start(int monitor, struct execution *execution, const struct pty *pty) {
    struct message message;
    int received[MESSAGE_DESCRIPTORS];
    if (!message_receive(monitor, &message, received) || message.kind != MESSAGE_START)
        _exit(EXIT_LAUNCHER_FAILED);
    for (int i = 0; i < 3; i++)
        execution->stdio[i] = execution->terminal ? pty->slave : received[i];
}

static _Noreturn void become_command(int monitor, const struct execution *execution) {
    struct failure failure = {0};
    int code = execute(execution, &failure);
    report(monitor, &failure, code);
}

/*
 * A pipe between init and the child that is to become the command: exec closes the child's end, and
 * that end of file says that it worked; a child that could not become it has written a byte.
 */
static void report_started(int monitor, int executed) {
    char byte;
    if (read(executed, &byte, 1) == 0)
        message_send_kind(monitor, MESSAGE_STARTED);
}

static _Noreturn void become_child(int monitor, const struct execution *execution, int executed) {
    struct failure failure = {0};
    int code = execute(execution, &failure);
    ssize_t ignored = write(executed, "!", 1);
    (void)ignored;
    report(monitor, &failure, code);
}

static pid_t spawn_command(int monitor, const struct execution *execution,
                           struct failure *failure) {
    int executed[2];
    if (pipe2(executed, O_CLOEXEC) < 0) {
        failed(failure, "exec", "pipe2", NULL);
        return -1;
    }
    pid_t command = fork();
    if (command == 0)
        become_child(monitor, execution, executed[1]);
    if (command < 0)
        failed(failure, "exec", "fork", NULL);
    close(executed[1]);
    if (command > 0)
        report_started(monitor, executed[0]);
    close(executed[0]);
    return command;
}

/* What the command got is not init's to keep: a reader must see the end when the command closes. */
static void release(struct execution *execution, struct pty *pty) {
    pty_close(pty);
    for (int i = 0; i < 3 && !execution->terminal; i++)
        close(execution->stdio[i]);
}

_Noreturn void init_main(struct options *options, int monitor, char **argv) {
    struct failure failure = {0};
    struct execution execution = {.arguments = options->arguments,
                                  .environment = options->environment.items,
                                  .terminal = options->terminal};
    struct pty pty = {-1, -1};
    title_set(argv, "terrarium-init");
    setsid(); /* a Ctrl-C in the monitor's terminal is the monitor's */
    if (!descriptors_keep_only(&monitor, &failure) ||
        !prepare(options, monitor, &pty, &execution.umask, &failure))
        report(monitor, &failure, EXIT_LAUNCHER_FAILED);
    await_start(monitor, &execution, &pty);
    if (options->no_init)
        become_command(monitor, &execution);
    pid_t command = spawn_command(monitor, &execution, &failure);
    if (command < 0)
        report(monitor, &failure, EXIT_LAUNCHER_FAILED);
    release(&execution, &pty);
    reaper_run(command, monitor);
}
