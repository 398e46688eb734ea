/* `resources NAME`: takes of one resource until the kernel refuses, and prints how much it got, as getrlimit(2) counts it. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mqueue.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PIECE = 64 * 1024 };

static void say(long long amount) {
    char line[32];
    int length = snprintf(line, sizeof line, "%lld\n", amount);
    _exit(write(STDOUT_FILENO, line, length) == length ? 0 : 1);
}

/* Bytes, by proc_pid_status(5). */
static long long status(const char *key) {
    FILE *file = fopen("/proc/self/status", "r");
    char line[256];
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, key, strlen(key)) == 0)
            return atoll(line + strlen(key)) * 1024;
    return -1;
}

static void *piece(int protection) {
    return mmap(NULL, PIECE, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void take_as(void) {
    while (piece(PROT_NONE) != MAP_FAILED) {}
    say(status("VmSize:"));
}

static void take_data(void) {
    while (piece(PROT_READ | PROT_WRITE) != MAP_FAILED) {}
    say(status("VmData:"));
}

static void take_memlock(void) {
    for (;;) {
        void *memory = piece(PROT_READ | PROT_WRITE);
        if (memory == MAP_FAILED || mlock(memory, PIECE) < 0)
            say(status("VmLck:"));
    }
}

static char *stack_begin;

static void told_of_stack(int number, siginfo_t *why, void *context) {
    (void)number, (void)context;
    say(stack_begin - (char *)why->si_addr);
}

static int deeper(int depth) {
    volatile char room[4096];
    room[0] = (char)depth;
    return depth < INT_MAX ? deeper(depth + 1) + room[0] : 0;
}

static void take_stack(void) {
    static char other[PIECE];
    char here;
    stack_begin = &here;
    stack_t stack = {.ss_sp = other, .ss_size = sizeof other};
    struct sigaction action = {.sa_sigaction = told_of_stack, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigaltstack(&stack, NULL);
    sigaction(SIGSEGV, &action, NULL);
    deeper(0);
}

/* By the clock that the kernel itself compares, which counts whole ticks: setitimer(2). */
static const time_t most_seconds = 100;

static void told_of_time(int number) {
    (void)number;
    struct itimerval left;
    getitimer(ITIMER_PROF, &left);
    say((most_seconds - left.it_value.tv_sec) * 1000000LL - left.it_value.tv_usec);
}

/* In microseconds, although RLIMIT_CPU is in seconds. */
static void take_cpu(void) {
    struct itimerval all = {.it_value.tv_sec = most_seconds};
    setitimer(ITIMER_PROF, &all, NULL);
    signal(SIGXCPU, told_of_time);
    for (;;) {}
}

static bool become_realtime(int priority) {
    struct sched_param parameters = {.sched_priority = priority};
    return sched_setscheduler(0, SCHED_FIFO, &parameters) == 0;
}

static void take_rttime(void) {
    if (!become_realtime(1))
        say(-errno);
    take_cpu();
}

static void take_rtprio(void) {
    int priority = 0;
    while (become_realtime(priority + 1))
        priority++;
    say(priority > 0 ? priority : -errno);
}

static void take_nice(void) {
    int nice = 0;
    while (setpriority(PRIO_PROCESS, 0, nice - 1) == 0)
        nice--;
    say(20 - nice);
}

static void take_nofile(void) {
    int highest = -1;
    for (int file; (file = open("/dev/null", O_RDONLY)) >= 0;)
        highest = file;
    say(highest + 1);
}

static void take_fsize(void) {
    static const char block[4096];
    signal(SIGXFSZ, SIG_IGN);
    int file = open("/tmp/long", O_CREAT | O_WRONLY, 0600);
    long long length = 0;
    for (ssize_t more; (more = write(file, block, sizeof block)) > 0;)
        length += more;
    say(length);
}

/* What is written of it: what nobody has touched is a hole. */
static void take_core(void) {
    static char memory[8 * 1024 * 1024];
    memset(memory, 1, sizeof memory);
    if (chdir("/tmp") < 0 || fork() == 0)
        abort();
    wait(NULL);
    struct stat core = {.st_blocks = -1};
    stat("/tmp/core", &core);
    say(core.st_blocks * 512);
}

/* Its user's, with init and this one. */
static void take_nproc(void) {
    long long count = 1;
    for (pid_t child; (child = fork()) >= 0; count++)
        if (child == 0)
            pause();
    say(count);
}

static void take_sigpending(void) {
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    long long count = 0;
    while (sigqueue(getpid(), SIGRTMIN, (union sigval){0}) == 0)
        count++;
    say(count);
}

static void take_msgqueue(void) {
    struct mq_attr size = {.mq_maxmsg = 10, .mq_msgsize = 8192};
    for (long long count = 0;; count++) {
        char name[32];
        snprintf(name, sizeof name, "/queue%lld", count);
        if (mq_open(name, O_CREAT | O_RDWR, 0600, &size) < 0)
            say(count > 0 ? count * size.mq_maxmsg * size.mq_msgsize : -errno);
    }
}

static const struct {
    const char *name;
    void (*take)(void);
} resources[] = {
    {"as", take_as},
    {"core", take_core},
    {"cpu", take_cpu},
    {"data", take_data},
    {"fsize", take_fsize},
    {"memlock", take_memlock},
    {"msgqueue", take_msgqueue},
    {"nice", take_nice},
    {"nofile", take_nofile},
    {"nproc", take_nproc},
    {"rtprio", take_rtprio},
    {"rttime", take_rttime},
    {"sigpending", take_sigpending},
    {"stack", take_stack},
};

int main(int count, char **words) {
    for (size_t place = 0; count > 1 && place < sizeof resources / sizeof *resources; place++)
        if (strcmp(resources[place].name, words[1]) == 0)
            resources[place].take();
    return 2;
}
