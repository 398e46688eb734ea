/*
 * race ROUNDS COMMAND... [--then COMMAND...]...: runs the commands in turn, A B C A B C, and prints
 * a line for each round with the wall time of every command in nanoseconds. In turn, because the
 * speed of a machine drifts by more than what is measured; in C, because Node takes as long to
 * start a process as a sandbox does.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { RUNNERS_MAX = 8 };

static int64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Wall time from the start of a command to its end; a command that fails ends the race. */
static int64_t time_one(char **command, const posix_spawn_file_actions_t *quiet) {
    pid_t child;
    int status;
    int64_t begun = now_ns();
    if (posix_spawnp(&child, command[0], quiet, NULL, command, environ) != 0 ||
        waitpid(child, &status, 0) != child || status != 0) {
        fprintf(stderr, "race: %s failed\n", command[0]);
        exit(1);
    }
    return now_ns() - begun;
}

int main(int argc, char **argv) {
    char **runners[RUNNERS_MAX];
    int count = 0;
    posix_spawn_file_actions_t quiet;
    if (argc < 3 || posix_spawn_file_actions_init(&quiet) != 0 ||
        posix_spawn_file_actions_addopen(&quiet, STDOUT_FILENO, "/dev/null", O_WRONLY, 0) != 0)
        return 2;
    runners[count++] = argv + 2;
    for (int i = 2; i < argc && count < RUNNERS_MAX; i++)
        if (strcmp(argv[i], "--then") == 0) {
            argv[i] = NULL;
            runners[count++] = argv + i + 1;
        }
    for (int round = atoi(argv[1]); round > 0; round--)
        for (int i = 0; i < count; i++)
            printf("%lld%c", (long long)time_one(runners[i], &quiet), i + 1 < count ? ' ' : '\n');
    return 0;
}
