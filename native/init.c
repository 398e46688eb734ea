#include "init.h"
#include "cleanup.h"
#include "descriptors.h"
#include "execute.h"
#include "message.h"
#include "prepare.h"
#include "privileges.h"
#include "reaper.h"
#include "spawn.h"
#include "supervisor.h"
#include "title.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* Waits for "start" and what comes with it; the monitor's end is ours. */
static void await_start(int monitor, struct execution *execution, const struct pty *pty) {
    struct message message;
    struct failure failure;
    int received[MESSAGE_DESCRIPTORS];
    if (!message_receive(monitor, &message, received) || message.kind != MESSAGE_START) {
        failed(&failure, "start", "recvmsg", NULL);
        message_give_up(monitor, &failure, EXIT_LAUNCHER_FAILED);
    }
    for (int i = 0; i < 3; i++)
        execution->stdio[i] = execution->terminal ? pty->slave : received[i];
}

static _Noreturn void become_command(int monitor, const struct execution *execution) {
    struct failure failure = {0};
    int code = execute(execution, &failure);
    message_give_up(monitor, &failure, code);
}

/* A command that could not be executed is a child that exits with 126 or 127: the reaper's news. */
static pid_t spawn_command(int monitor, const struct execution *execution) {
    struct message message = {.kind = MESSAGE_STARTED};
    bool executed;
    pid_t command = spawn(execution, &executed, &message.failure);
    if (command < 0)
        message_give_up(monitor, &message.failure, EXIT_LAUNCHER_FAILED);
    if (!executed)
        message.kind = MESSAGE_FAILED;
    if (!message_send(monitor, &message, NULL, 0))
        _exit(EXIT_LAUNCHER_FAILED);
    return command;
}

/* What the command got is not init's to keep: a reader must see the end when the command closes. */
static void release(struct execution *execution, struct pty *pty) {
    pty_close(pty);
    for (int i = 0; i < 3 && !execution->terminal; i++)
        close(execution->stdio[i]);
}

/* Several programs cannot read one input: theirs is what init has, /dev/null. */
static _Noreturn void supervise_several(const struct options *options, struct execution *execution,
                                        int monitor, int children) {
    close(execution->stdio[STDIN_FILENO]);
    execution->stdio[STDIN_FILENO] = STDIN_FILENO;
    supervisor_run(options, execution, monitor, children);
}

_Noreturn void init_main(struct options *options, int monitor, char **argv) {
    struct failure failure = {0};
    struct execution execution = {.arguments = options->arguments,
                                  .environment = options->environment.items,
                                  .terminal = options->terminal,
                                  .limits = &options->rlimits};
    struct prepared prepared = {.pty = {-1, -1}, .children = -1};
    title_set(argv, "terrarium-init");
    if (setsid() < 0) { /* a Ctrl-C in the monitor's terminal is the monitor's */
        failed(&failure, "session", "setsid", NULL);
        message_give_up(monitor, &failure, EXIT_LAUNCHER_FAILED);
    }
    if (!descriptors_keep_only(&monitor, &failure) ||
        !prepare(options, monitor, &prepared, &failure))
        message_give_up(monitor, &failure, EXIT_LAUNCHER_FAILED);
    execution.umask = prepared.umask;
    await_start(monitor, &execution, &prepared.pty);
    if (prepared.children >= 0)
        privileges_outlive_parent(); /* to end the rest when the monitor has ended */
    if (options->no_init)
        become_command(monitor, &execution);
    if (options->processes.count > 0)
        supervise_several(options, &execution, monitor, prepared.children);
    pid_t command = spawn_command(monitor, &execution);
    release(&execution, &prepared.pty);
    reaper_run(command, monitor, prepared.children);
}
