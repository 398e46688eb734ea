/*
 * namespaces PROCESSES SETS: so many processes that sleep, in equal parts in so many sets of all eight
 * namespaces. Ends with its standard output.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    ALL = CLONE_NEWCGROUP | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWPID |
          CLONE_NEWTIME | CLONE_NEWUSER | CLONE_NEWUTS
};

static int ready[2];

static bool is_child(void) {
    pid_t child = fork();
    if (child < 0) {
        perror("fork");
        exit(125);
    }
    if (child == 0)
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    return child == 0;
}

static void stay(void) {
    if (write(ready[1], ".", 1) != 1)
        _exit(125);
    for (;;)
        pause();
}

/* This process stays outside of the pid namespace that it made; all others are inside. */
static void fill(int processes) {
    if (unshare(ALL) < 0) {
        perror("unshare");
        _exit(125);
    }
    if (is_child()) {
        for (int i = 2; i < processes; i++)
            if (is_child())
                stay();
        stay();
    }
    stay();
}

int main(int argc, char **argv) {
    int processes = argc == 3 ? atoi(argv[1]) : 0, sets = argc == 3 ? atoi(argv[2]) : 0;
    if (sets < 1 || processes < 2 * sets || pipe(ready) < 0)
        return 125;
    for (int i = 0; i < sets; i++)
        if (is_child())
            fill(processes / sets);
    char byte;
    for (int i = 0; i < processes / sets * sets; i++)
        if (read(ready[0], &byte, 1) != 1)
            return 125;
    puts("ready");
    fflush(stdout);
    struct pollfd reader = {.fd = STDOUT_FILENO};
    poll(&reader, 1, -1);
}
