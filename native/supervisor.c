#include "supervisor.h"
#include "message.h"
#include "privileges.h"
#include "reaper.h"
#include "signals.h"
#include "spawn.h"
#include <errno.h>
#include <linux/capability.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Docker's: doubling from 100 ms to a minute; a run of ten seconds counts as a success. */
enum { FIRST_DELAY_MS = 100, LONGEST_DELAY_MS = 60000, STEADY_MS = 10000 };

struct supervised {
    const struct process_spec *spec;
    struct process_state state;
    int64_t started_ms, restart_ms; /* on CLOCK_MONOTONIC */
    int64_t delay_ms;
};

struct supervisor {
    struct supervised *all;
    size_t count;
    const struct execution *common;
    int monitor, signals, children;
    bool stopping;
};

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / (1000 * 1000);
}

static void report_state(const struct supervisor *supervisor, const struct supervised *one) {
    struct message message = {.kind = MESSAGE_PROCESS, .process = one->state};
    message_send(supervisor->monitor, &message, NULL, 0);
}

static void set_phase(const struct supervisor *supervisor, struct supervised *one,
                      enum process_phase phase) {
    one->state.phase = phase;
    report_state(supervisor, one);
}

/* False where it could not become the command: it then ends by itself, with 126 or 127. */
static bool start(const struct supervisor *supervisor, struct supervised *one,
                  struct failure *failure) {
    struct execution execution = *supervisor->common;
    bool executed = false;
    execution.arguments = one->spec->arguments.items;
    one->state.pid = spawn(&execution, &executed, failure);
    if (one->state.pid < 0)
        return false;
    one->started_ms = now_ms();
    one->state.phase = PROCESS_RUNNING;
    if (executed)
        report_state(supervisor, one);
    return executed;
}

static void plan_restart(struct supervised *one) {
    int64_t now = now_ms();
    if (now - one->started_ms >= STEADY_MS || one->delay_ms == 0)
        one->delay_ms = FIRST_DELAY_MS;
    one->restart_ms = now + one->delay_ms;
    one->delay_ms = one->delay_ms * 2 > LONGEST_DELAY_MS ? LONGEST_DELAY_MS : one->delay_ms * 2;
}

static void take_end(const struct supervisor *supervisor, struct supervised *one, int status) {
    enum restart restart = one->spec->restart;
    one->state.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    one->state.code = one->state.signal ? 128 + one->state.signal : WEXITSTATUS(status);
    bool again = !supervisor->stopping &&
                 (restart == RESTART_ALWAYS || (restart == RESTART_ON_FAILURE && status != 0));
    if (again)
        plan_restart(one);
    set_phase(supervisor, one, again ? PROCESS_RESTARTING : PROCESS_EXITED);
}

static void reap(struct supervisor *supervisor) {
    int status;
    pid_t ended;
    while ((ended = waitpid(-1, &status, WNOHANG)) > 0)
        for (size_t i = 0; i < supervisor->count; i++) {
            struct supervised *one = &supervisor->all[i];
            if (one->state.phase == PROCESS_RUNNING && one->state.pid == ended)
                take_end(supervisor, one, status);
        }
    if (ended < 0 && errno != ECHILD)
        reaper_give_up(supervisor->monitor, "waitpid");
}

static void restart_due(const struct supervisor *supervisor) {
    for (size_t i = 0; i < supervisor->count; i++) {
        struct supervised *one = &supervisor->all[i];
        struct failure failure = {0};
        if (one->state.phase != PROCESS_RESTARTING || one->restart_ms > now_ms())
            continue;
        one->state.restarts++;
        if (!start(supervisor, one, &failure) && one->state.pid < 0)
            plan_restart(one); /* no fork: the pids limit, or no memory */
    }
}

static bool asks_to_stop(int number) {
    return number == SIGTERM || number == SIGINT || number == SIGQUIT;
}

/* The last started first: what others depend on goes last. */
static void pass_signal(struct supervisor *supervisor, int number) {
    supervisor->stopping = supervisor->stopping || asks_to_stop(number);
    for (size_t i = supervisor->count; i-- > 0;) {
        struct supervised *one = &supervisor->all[i];
        if (one->state.phase == PROCESS_RUNNING)
            kill(one->state.pid, number);
        else if (one->state.phase == PROCESS_RESTARTING && supervisor->stopping)
            set_phase(supervisor, one, PROCESS_EXITED);
    }
}

static void take_signals(struct supervisor *supervisor) {
    for (int number; (number = signals_next(supervisor->signals)) != 0;) {
        if (number == SIGCHLD)
            reap(supervisor);
        else
            pass_signal(supervisor, number);
    }
}

static void take_message(struct supervisor *supervisor) {
    struct message message;
    int received[MESSAGE_DESCRIPTORS];
    if (!message_receive(supervisor->monitor, &message, received))
        reaper_lose_monitor(supervisor->children);
    message_close(received);
    if (message.kind == MESSAGE_SIGNAL && signal_is_forwarded(message.number))
        pass_signal(supervisor, message.number);
}

/* Until the next restart is due; -1: none is. */
static int patience_ms(const struct supervisor *supervisor) {
    int64_t least = -1;
    for (size_t i = 0; i < supervisor->count; i++) {
        const struct supervised *one = &supervisor->all[i];
        if (one->state.phase != PROCESS_RESTARTING)
            continue;
        int64_t wait = one->restart_ms - now_ms();
        wait = wait < 0 ? 0 : wait;
        least = least < 0 || wait < least ? wait : least;
    }
    return (int)least;
}

static void end_if_all_ended(const struct supervisor *supervisor) {
    const struct process_state *failing = NULL;
    for (size_t i = 0; i < supervisor->count; i++) {
        const struct process_state *state = &supervisor->all[i].state;
        if (state->phase != PROCESS_EXITED)
            return;
        failing = failing || state->code == 0 ? failing : state;
    }
    reaper_report_end(supervisor->monitor, failing ? failing->code : 0,
                      failing ? failing->signal : 0);
}

/* One that cannot be executed at first is a mistake in the list: nothing runs then. */
static void start_all(struct supervisor *supervisor) {
    for (size_t i = 0; i < supervisor->count; i++) {
        struct message message = {.kind = MESSAGE_FAILED};
        struct supervised *one = &supervisor->all[i];
        int status = EXIT_LAUNCHER_FAILED << 8; /* as wait(2) has it */
        if (start(supervisor, one, &message.failure))
            continue;
        message_send(supervisor->monitor, &message, NULL, 0);
        if (one->state.pid > 0)
            waitpid(one->state.pid, &status, 0);
        reaper_report_end(supervisor->monitor, WEXITSTATUS(status), 0);
    }
    message_send_kind(supervisor->monitor, MESSAGE_STARTED);
}

static bool prepare(struct supervisor *supervisor, const struct options *options,
                    struct failure *failure) {
    /*
     * Under no_new_privs root's execve(2) gives at most what was permitted before, and forking
     * hands down no more than init has: a command that is started again can have the capabilities
     * of its first run only where they stay permitted in a process that waits inside. That is init,
     * for any other would be one more process to hide, with the same sets. It opens nothing: every
     * command has these capabilities itself, and none can reach init's memory (privileges_hide;
     * test: "a supervising init"). Init itself only sends signals, also to who has changed its
     * user.
     */
    struct capability_sets sets = privileges_sets(options);
    sets.effective &= UINT64_C(1) << CAP_KILL;
    supervisor->signals = signals_open(SIGCHLD, failure);
    supervisor->all = calloc(supervisor->count, sizeof *supervisor->all);
    if (!supervisor->all)
        return failed(failure, "processes", "calloc", NULL);
    if (supervisor->signals < 0 || !capabilities_set(&sets, failure))
        return false;
    for (size_t i = 0; i < supervisor->count; i++) {
        supervisor->all[i].spec = &options->processes.items[i];
        supervisor->all[i].state.place = (uint32_t)i;
    }
    return true;
}

_Noreturn void supervisor_run(const struct options *options, const struct execution *execution,
                              int monitor, int children) {
    struct supervisor supervisor = {.count = options->processes.count,
                                    .common = execution,
                                    .monitor = monitor,
                                    .children = children};
    struct failure failure = {0};
    if (!prepare(&supervisor, options, &failure))
        message_give_up(monitor, &failure, EXIT_LAUNCHER_FAILED);
    start_all(&supervisor);
    struct pollfd watched[] = {{.fd = monitor, .events = POLLIN},
                               {.fd = supervisor.signals, .events = POLLIN}};
    for (;;) {
        if (poll(watched, 2, patience_ms(&supervisor)) < 0 && errno != EINTR)
            reaper_give_up(monitor, "poll");
        if (watched[1].revents)
            take_signals(&supervisor);
        if (watched[0].revents)
            take_message(&supervisor);
        restart_due(&supervisor);
        end_if_all_ended(&supervisor);
    }
}
