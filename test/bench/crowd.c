/*
 * A process in each cgroup whose cgroup.procs files stand on standard input, a line for each cgroup. Each wakes
 * twice a second, so that in every round something ran in all of them. Ends with its standard output.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static void join(char *line) {
    for (char *path = strtok(line, " \n"); path; path = strtok(NULL, " \n")) {
        int fd = open(path, O_WRONLY | O_CLOEXEC);
        if (fd < 0 || write(fd, "0", 1) != 1) {
            perror(path);
            _exit(125);
        }
        close(fd);
    }
}

static void live(char *line, pid_t parent) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(0);
    join(line);
    for (;;)
        usleep(500000);
}

int main(void) {
    char line[8192];
    pid_t parent = getpid();
    while (fgets(line, sizeof line, stdin)) {
        pid_t child = fork();
        if (child < 0)
            return 125;
        if (child == 0)
            live(line, parent);
    }
    puts("ready");
    fflush(stdout);
    struct pollfd reader = {.fd = STDOUT_FILENO};
    poll(&reader, 1, -1);
}
