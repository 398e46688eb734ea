/*
 * forks N: N processes that do nothing, and one more for each byte of standard input, of which it tells
 * "NANOSECONDS PID": the monotonic clock just before fork(2). Ends with its standard input, and all with it.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static pid_t fork_idle(pid_t parent) {
    pid_t child = fork();
    if (child != 0)
        return child;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    while (getppid() == parent)
        pause();
    _exit(0);
}

static void tell_fork(pid_t parent) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    pid_t child = fork_idle(parent);
    printf("%lld %d\n", now.tv_sec * 1000000000LL + now.tv_nsec, child);
    fflush(stdout);
}

int main(int count, char **words) {
    pid_t parent = getpid();
    char byte;
    for (int left = count > 1 ? atoi(words[1]) : 0; left > 0; left--)
        if (fork_idle(parent) < 0)
            return 125;
    puts("ready");
    fflush(stdout);
    while (read(STDIN_FILENO, &byte, 1) == 1)
        tell_fork(parent);
}
