/*
 * Runs a command under ptrace(2), with all that it forks, and spoils one system
 * call of it:
 *
 *   inject LOG trace -- COMMAND...                    spoils nothing, and lists
 * every call inject LOG fail ROLE CALL NTH ERRNO -- COMMAND... the call is not
 * made, and answers ERRNO inject LOG short ROLE CALL NTH 0 -- COMMAND...    the
 * call gets half of its third argument inject LOG kill ROLE CALL NTH 0 --
 * COMMAND...     SIGKILL instead of the call
 *
 * "inject LOG terminal MODE..." gives COMMAND a terminal of its own as standard
 * input and output, with a line typed into it. Other modes than it had before
 * are "left modes", unless COMMAND was killed.
 *
 * A ROLE is a process's place in the family: "0" is the command, "0.1" its
 * first child. Only calls of the launcher's own are counted: from its first act
 * (SIGPIPE is ignored) up to the execve of somebody else's program. The
 * descriptor LOG gets one line per call ("ROLE CALL ARGUMENTS"), "hit" when the
 * call was spoiled, "hang", and "left ROLE" for a process that outlived the
 * command.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

enum { PROCESSES = 64, HANG_SECONDS = 20, LEFT_SECONDS = 3 };

enum mode { TRACE, FAIL, SHORT, KILL };

struct process {
    pid_t pid;
    char role[32]; /* "": stopped before its parent said that it forked */
    int children;
    bool begun;   /* it is the launcher, past libc's start */
    bool spoiled; /* in the call whose answer is to be replaced */
};

struct injector {
    int log;
    enum mode mode;
    const char *role;
    unsigned long call;
    int nth, error;
    int seen;
    bool hit;
    struct process all[PROCESSES];
};

static volatile sig_atomic_t alarmed;

static void on_alarm(int number) {
    (void)number;
    alarmed = 1;
}

static struct process *find(struct injector *injector, pid_t pid) {
    for (int i = 0; i < PROCESSES; i++)
        if (injector->all[i].pid == pid)
            return &injector->all[i];
    return NULL;
}

static struct process *find_or_add(struct injector *injector, pid_t pid) {
    struct process *process = find(injector, pid);
    if (process)
        return process;
    process = find(injector, 0);
    if (!process) {
        fputs("inject: too many processes\n", stderr);
        exit(2);
    }
    *process = (struct process){.pid = pid};
    return process;
}

/* Whoever is not spoiled is not stopped at every call: the runs are thousands.
 */
static bool is_watched(const struct injector *injector, const struct process *process) {
    if (injector->mode == TRACE)
        return true;
    if (injector->hit || process->role[0] == '!')
        return process->spoiled;
    return !process->begun || strcmp(process->role, injector->role) == 0;
}

static void resume(const struct injector *injector, const struct process *process, int number) {
    ptrace(is_watched(injector, process) ? PTRACE_SYSCALL : PTRACE_CONT, process->pid, NULL,
           (void *)(long)number);
}

static bool is_launcher(pid_t pid) {
    char path[64], program[256];
    snprintf(path, sizeof path, "/proc/%d/exe", pid);
    ssize_t length = readlink(path, program, sizeof program - 1);
    if (length < 0)
        return false;
    program[length] = '\0';
    return strstr(program, "launcher") != NULL;
}

static bool is_text(const char *text) {
    for (; *text; text++)
        if (*text < ' ' || *text > '~')
            return false;
    return true;
}

/* The string that an argument points to, or its number. */
static void describe(pid_t pid, unsigned long argument, char *text, size_t size) {
    struct iovec to = {text, size - 1}, from = {(void *)argument, size - 1};
    ssize_t length = argument < 4096 ? -1 : process_vm_readv(pid, &to, 1, &from, 1, 0);
    text[length < 0 ? 0 : length] = '\0';
    text[strcspn(text, "\n")] = '\0';
    if (length < 0 || !is_text(text))
        snprintf(text, size, "%ld", (long)argument);
}

/* The file behind a descriptor, or whatever else a first argument is. */
static void describe_first(pid_t pid, unsigned long argument, char *text, size_t size) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/fd/%d", pid, (int)argument);
    ssize_t length = argument < 4096 ? readlink(path, text, size - 1) : -1;
    if (length < 0)
        describe(pid, argument, text, size);
    else
        text[length] = '\0';
}

static void list(const struct injector *injector, const struct process *process,
                 const struct user_regs_struct *registers) {
    char first[128], second[64];
    describe_first(process->pid, registers->rdi, first, sizeof first);
    describe(process->pid, registers->rsi, second, sizeof second);
    dprintf(injector->log, "%s %llu %s %s\n", process->role, registers->orig_rax, first, second);
}

/* close(2) really closes, whatever it answers; all else is not made when it
 * fails. */
static void spoil(struct injector *injector, struct process *process,
                  struct user_regs_struct *registers) {
    injector->hit = true;
    dprintf(injector->log, "hit\n");
    if (injector->mode == KILL)
        kill(process->pid, SIGKILL);
    if (injector->mode == SHORT)
        registers->rdx = registers->rdx / 2;
    if (injector->mode == FAIL)
        process->spoiled = true;
    if (injector->mode == FAIL && registers->orig_rax != SYS_close)
        registers->orig_rax = (unsigned long long)-1;
    if (injector->mode != KILL)
        ptrace(PTRACE_SETREGS, process->pid, NULL, registers);
}

static void enter_call(struct injector *injector, struct process *process,
                       struct user_regs_struct *registers) {
    bool first = registers->orig_rax == SYS_rt_sigaction && registers->rdi == SIGPIPE;
    process->begun = process->begun || first;
    if (!process->begun)
        return;
    if (injector->mode == TRACE)
        list(injector, process, registers);
    else if (!injector->hit && registers->orig_rax == injector->call &&
             strcmp(process->role, injector->role) == 0 && ++injector->seen == injector->nth)
        spoil(injector, process, registers);
}

static void take_call(struct injector *injector, struct process *process) {
    struct user_regs_struct registers;
    struct __ptrace_syscall_info call;
    if (ptrace(PTRACE_GET_SYSCALL_INFO, process->pid, sizeof call, &call) < 0 ||
        ptrace(PTRACE_GETREGS, process->pid, NULL, &registers) < 0)
        return; /* killed meanwhile */
    if (call.op == PTRACE_SYSCALL_INFO_ENTRY) {
        enter_call(injector, process, &registers);
    } else if (process->spoiled) {
        process->spoiled = false;
        registers.rax = (unsigned long long)-injector->error;
        ptrace(PTRACE_SETREGS, process->pid, NULL, &registers);
    }
}

static void take_child(struct injector *injector, struct process *parent) {
    unsigned long pid;
    if (ptrace(PTRACE_GETEVENTMSG, parent->pid, NULL, &pid) < 0)
        return;
    bool waits = find(injector, (pid_t)pid) != NULL;
    struct process *child = find_or_add(injector, (pid_t)pid);
    snprintf(child->role, sizeof child->role, "%.16s.%d", parent->role, ++parent->children);
    child->begun = parent->begun;
    if (waits)
        resume(injector, child, 0);
}

/* Somebody else's program is not ours to spoil; the launcher's sealed copy
 * starts anew. */
static void take_exec(struct injector *injector, struct process *process) {
    process->begun = false;
    if (is_launcher(process->pid))
        return;
    if (injector->mode == TRACE)
        dprintf(injector->log, "%s exec\n", process->role);
    process->role[0] = '!';
}

/* A parent that was killed as it forked never said whose child that is. */
static void adopt_nameless(struct injector *injector) {
    for (int i = 0; i < PROCESSES && injector->hit; i++) {
        struct process *process = &injector->all[i];
        if (process->pid == 0 || process->role[0] != '\0')
            continue;
        strcpy(process->role, "!");
        resume(injector, process, 0);
    }
}

static void take_stop(struct injector *injector, struct process *process, int status) {
    int number = WSTOPSIG(status);
    int event = status >> 16;
    if (process->role[0] == '\0') {
        adopt_nameless(injector);
        return; /* else until its parent's stop names it */
    }
    if (number == (SIGTRAP | 0x80))
        take_call(injector, process);
    else if (event == PTRACE_EVENT_EXEC)
        take_exec(injector, process);
    else if (event)
        take_child(injector, process);
    bool ours = event || number == SIGSTOP || number == (SIGTRAP | 0x80);
    resume(injector, process, ours ? 0 : number);
}

static void report_left(const struct injector *injector, bool ended) {
    if (!ended)
        dprintf(injector->log, "hang\n");
    for (int i = 0; i < PROCESSES; i++)
        if (injector->all[i].pid)
            dprintf(injector->log, "left %s\n", injector->all[i].role);
}

/* Until everybody has ended; the exit status is the command's. */
static int supervise(struct injector *injector, pid_t command) {
    int status, code = 0;
    bool ended = false;
    for (;;) {
        pid_t pid = waitpid(-1, &status, __WALL);
        if (pid < 0 && alarmed)
            report_left(injector, ended);
        if (pid < 0)
            return code;
        struct process *process = find_or_add(injector, pid);
        if (WIFSTOPPED(status)) {
            take_stop(injector, process, status);
            continue;
        }
        *process = (struct process){0};
        adopt_nameless(injector);
        if (pid != command)
            continue;
        ended = true;
        code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        alarm(LEFT_SECONDS);
    }
}

struct terminal {
    int master, slave;
    struct termios modes;
};

static bool open_terminal(struct terminal *terminal) {
    terminal->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (terminal->master < 0 || grantpt(terminal->master) < 0 || unlockpt(terminal->master) < 0)
        return false;
    terminal->slave = open(ptsname(terminal->master), O_RDWR | O_NOCTTY | O_CLOEXEC);
    return terminal->slave >= 0 && tcgetattr(terminal->slave, &terminal->modes) == 0 &&
           write(terminal->master, "typed\n", 6) == 6;
}

static void report_modes(const struct injector *injector, const struct terminal *terminal) {
    struct termios modes = {0};
    if (tcgetattr(terminal->slave, &modes) < 0 ||
        memcmp(&modes, &terminal->modes, sizeof modes) != 0)
        dprintf(injector->log, "left modes\n");
}

static pid_t start(char **command, const struct terminal *terminal) {
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    for (int i = 0; terminal && i < 2; i++)
        dup2(terminal->slave, i);
    ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    raise(SIGSTOP);
    execvp(command[0], command);
    perror("inject: execvp");
    _exit(2);
}

static bool parse(struct injector *injector, char **words) {
    static const char *const modes[] = {"trace", "fail", "short", "kill"};
    while (injector->mode <= KILL && strcmp(modes[injector->mode], words[2]) != 0)
        injector->mode++;
    injector->log = atoi(words[1]);
    fcntl(injector->log, F_SETFD, FD_CLOEXEC); /* it is none of the command's */
    if (injector->mode == TRACE)
        return true;
    injector->role = words[3];
    injector->call = strtoul(words[4], NULL, 10);
    injector->nth = atoi(words[5]);
    injector->error = atoi(words[6]);
    return injector->mode <= KILL;
}

int main(int argc, char **argv) {
    struct injector injector = {0};
    struct terminal terminal = {0}, *given = NULL;
    if (argc > 3 && strcmp(argv[2], "terminal") == 0) {
        argv[2] = argv[1];
        argv++;
        argc--;
        given = &terminal;
    }
    bool traces = argc > 4 && strcmp(argv[2], "trace") == 0;
    if (argc < (traces ? 5 : 9) || !parse(&injector, argv) || (given && !open_terminal(given)))
        return 2;
    pid_t command = start(argv + (traces ? 4 : 8), given);
    struct process *root = find_or_add(&injector, command);
    strcpy(root->role, "0");
    sigaction(SIGALRM, &(struct sigaction){.sa_handler = on_alarm}, NULL);
    alarm(HANG_SECONDS);
    long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
                   PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
    if (waitpid(command, NULL, 0) < 0 || ptrace(PTRACE_SETOPTIONS, command, NULL, options) < 0)
        return 2;
    resume(&injector, root, 0);
    int code = supervise(&injector, command);
    if (given && code != 128 + SIGKILL)
        report_modes(&injector, given);
    return code;
}
