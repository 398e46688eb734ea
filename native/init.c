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
#include <string.h>

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
    pid_t command = fork();
    if (command == 0)
        become_command(monitor, &execution);
    if (command < 0) {
        failed(&failure, "exec", "fork", NULL);
        report(monitor, &failure, EXIT_LAUNCHER_FAILED);
    }
    release(&execution, &pty);
    reaper_run(command, monitor);
}
