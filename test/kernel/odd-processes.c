/*
 * One process of each kind that a reader of all processes could get wrong. Says "ready" when all are there, and
 * ends, with all of them, with its standard input.
 */
#define _GNU_SOURCE
#include <grp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SOMEBODY = 65533, SOMEBODY_ELSE = 65532, GROUPS = 5000, DEEP = 3 };

static int ready[2];

static void check(bool done, const char *call) {
    if (done)
        return;
    perror(call);
    _exit(125);
}

static bool is_child(void) {
    pid_t child = fork();
    check(child >= 0, "fork");
    if (child == 0)
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    return child == 0;
}

static void tell(void) {
    check(write(ready[1], ".", 1) == 1, "write");
}

static void stay(void) {
    tell();
    for (;;)
        pause();
}

/* What the kernel escapes in some files and not in others, what could be taken for its own, and no UTF-8. */
static const char *const names[] = {"a\nb\\c", "\033[31mred", ") S 1 2 (", "\xff\xfe", "Uid:\t7\t7", " "};
enum { NAMES = sizeof names / sizeof *names };

static void be_called(int which) {
    prctl(PR_SET_NAME, names[which]);
    stay();
}

static void be_zombie(void) {
    if (is_child())
        _exit(0);
    stay();
}

/* Its files belong to root then, its directory does not. */
static void be_closed(void) {
    check(setresuid(SOMEBODY, SOMEBODY_ELSE, SOMEBODY_ELSE) == 0, "setresuid");
    prctl(PR_SET_DUMPABLE, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    stay();
}

static void *leave(void *flags) {
    check(unshare((int)(long)flags) == 0, "unshare");
    stay();
    return NULL;
}

static void start_thread(long flags) {
    pthread_t thread;
    check(pthread_create(&thread, NULL, leave, (void *)flags) == 0, "pthread_create");
}

static void be_threads(void) {
    start_thread(CLONE_NEWNET);
    start_thread(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWCGROUP);
    start_thread(CLONE_FILES);
    stay();
}

/* The first thread is a zombie as long as there is another one. */
static void be_headless(void) {
    start_thread(CLONE_NEWUTS);
    tell();
    syscall(SYS_exit, 0);
}

static void put(const char *path, const char *text) {
    FILE *file = fopen(path, "w");
    check(file && fputs(text, file) >= 0 && fclose(file) == 0, path);
}

/* In as many groups as no page holds, in pid and user namespaces below each other. */
static void be_deep(void) {
    static gid_t groups[GROUPS];
    for (int i = 0; i < GROUPS; i++)
        groups[i] = 1000000 + (gid_t)i;
    check(setgroups(GROUPS, groups) == 0, "setgroups");
    for (int i = 0; i < DEEP; i++) {
        check(unshare(CLONE_NEWUSER | CLONE_NEWPID) == 0, "unshare");
        put("/proc/self/setgroups", "deny");
        put("/proc/self/uid_map", "0 0 1");
        put("/proc/self/gid_map", "0 0 1");
        if (!is_child())
            stay();
    }
    stay();
}

/* Boot time is another one inside. */
static void be_late(void) {
    check(unshare(CLONE_NEWTIME) == 0, "unshare");
    put("/proc/self/timens_offsets", "boottime 86400 0");
    if (is_child())
        stay();
    stay();
}

int main(void) {
    static void (*const kinds[])(void) = {be_zombie,   be_closed, be_threads,
                                          be_headless, be_deep,   be_late};
    /* How many tell that they are there: be_threads with three threads, the others with those they start. */
    const int told = NAMES + 1 + 1 + 4 + 2 + (DEEP + 1) + 2;
    char byte;
    check(pipe(ready) == 0, "pipe");
    for (int i = 0; i < NAMES; i++)
        if (is_child())
            be_called(i);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (is_child())
            kinds[i]();
    for (int i = 0; i < told; i++)
        check(read(ready[0], &byte, 1) == 1, "read");
    puts("ready");
    fflush(stdout);
    return read(STDIN_FILENO, &byte, 1) == 0 ? 0 : 125;
}
