/*
 * What a hostile program in a sandbox tries. Prints "name: ok" or "name:
 * ERRNO", one line for each attempt that is named by the arguments, each made
 * by a process of its own. Built by the tests and run in a default sandbox, and
 * where some of its walls are missing (jar.c).
 */
#define _GNU_SOURCE
#include "escape.h"
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TIME_LIMIT_S = 20, TREE_DESCRIPTORS = 8 };

static char scratch_directory[] = "/var/tmp/escape-XXXXXX";

const char *given(const char *name) {
    const char *value = getenv(name);
    return value ? value : "";
}

long given_number(const char *name) {
    return strtol(given(name), NULL, 10);
}

static const char *join(const char *directory, const char *rest) {
    static char path[4096];
    snprintf(path, sizeof path, "%s/%s", directory, rest);
    return path;
}

const char *below(const char *name, const char *rest) {
    return join(given(name), rest);
}

const char *scratch(const char *name) {
    return join(scratch_directory, name);
}

long failed(int error) {
    errno = error;
    return -1;
}

long can_open(const char *path, int flags) {
    int file = open(path, flags | O_CLOEXEC | O_NONBLOCK);
    return file < 0 ? -1 : close(file);
}

long write_text(const char *path, const char *text) {
    int file = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    if (file < 0)
        return -1;
    long written = write(file, text, strlen(text));
    int error = errno;
    close(file);
    errno = error;
    return written;
}

static int remove_entry(const char *path, const struct stat *what, int type, struct FTW *place) {
    (void)what, (void)type, (void)place;
    remove(path);
    return 0;
}

static const struct attempt *find(const char *name) {
    static const struct attempt *const lists[] = {on_files,   on_mounts,  on_processes, on_kernel,
                                                  on_network, on_machine, on_payloads};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        for (const struct attempt *row = lists[i]; row->name; row++)
            if (strcmp(row->name, name) == 0)
                return row;
    return NULL;
}

static void make(const struct attempt *attempt) {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        alarm(TIME_LIMIT_S);
        errno = 0;
        long result = attempt->make();
        printf("%s: %s\n", attempt->name, result != -1 ? "ok" : strerrorname_np(errno));
        fflush(stdout);
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    if (WIFSIGNALED(status))
        printf("%s: SIG%s\n", attempt->name, sigabbrev_np(WTERMSIG(status)));
}

int main(int count, char **names) {
    /* exec_set_uid starts its own copy, to see as whom it runs. */
    if (count == 2 && strcmp(names[1], "--is-root") == 0)
        return geteuid() == 0 ? 0 : 1;
    /* In vain where there is no such directory: then what needs one says so. */
    if (!mkdtemp(scratch_directory))
        scratch_directory[0] = '\0';
    for (int i = 1; i < count; i++) {
        const struct attempt *attempt = find(names[i]);
        if (!attempt)
            return fprintf(stderr, "there is no attempt %s\n", names[i]), 1;
        make(attempt);
    }
    if (scratch_directory[0])
        nftw(scratch_directory, remove_entry, TREE_DESCRIPTORS, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
    return 0;
}
