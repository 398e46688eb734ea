#include "cgroups.h"
#include "cleanup.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* 0 is the thread that writes. */
static bool enter_by(const char *directory, const char *name, struct failure *failure) {
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%s/%s", directory, name) >= (int)sizeof path)
        return failed_because(failure, ENAMETOOLONG, "cgroup", "open", directory, NULL);
    cleanup_fd int tasks = open(path, O_WRONLY | O_CLOEXEC);
    if (tasks < 0)
        return failed(failure, "cgroup", "open", path);
    return write(tasks, "0", 1) == 1 || failed(failure, "cgroup", "write", path);
}

/* Whether it is one of version 1. A wrong answer would leave its limits without effect. */
static bool find_tasks(const char *directory, bool *has_tasks, struct failure *failure) {
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%s/tasks", directory) >= (int)sizeof path)
        return failed_because(failure, ENAMETOOLONG, "cgroup", "access", directory, NULL);
    *has_tasks = access(path, F_OK) == 0;
    return *has_tasks || errno == ENOENT || failed(failure, "cgroup", "access", path);
}

bool cgroups_open_unified(const struct string_list *directories, int *unified,
                          struct failure *failure) {
    for (size_t i = 0; i < directories->count; i++) {
        const char *directory = directories->items[i];
        bool has_tasks;
        if (!find_tasks(directory, &has_tasks, failure))
            return false;
        if (has_tasks)
            continue;
        *unified = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
        return *unified >= 0 || failed(failure, "cgroup", "open", directory);
    }
    return true;
}

/* Half a second in all: 1, 2, 4 ... 256 ms. */
static void remove_directory(const char *directory) {
    for (long wait_ms = 1; wait_ms <= 256; wait_ms *= 2) {
        if (rmdir(directory) == 0 || errno != EBUSY)
            return;
        nanosleep(&(struct timespec){.tv_nsec = wait_ms * 1000 * 1000}, NULL);
    }
}

/* Fits in the caller's buffer, or is none. */
static bool leaf_path(const char *directory, char *path, size_t size) {
    return snprintf(path, size, "%s/terrarium-enter", directory) < (int)size;
}

/*
 * Version 2: a cgroup that gives controllers to its children, or is threaded, may hold no process
 * (cgroups(7), "no internal processes"); a leaf below it may.
 */
static bool enter_leaf(const char *directory, struct failure *failure) {
    char leaf[PATH_MAX];
    if (!leaf_path(directory, leaf, sizeof leaf))
        return failed_because(failure, ENAMETOOLONG, "cgroup", "mkdir", directory, NULL);
    if (mkdir(leaf, 0755) < 0 && errno != EEXIST)
        return failed(failure, "cgroup", "mkdir", leaf);
    return enter_by(leaf, "cgroup.procs", failure);
}

static bool enter_unified(const char *directory, bool leaf, struct failure *failure) {
    return enter_by(directory, "cgroup.procs", failure) ||
           (leaf && failure->error == EBUSY && enter_leaf(directory, failure));
}

bool cgroups_enter(const struct string_list *directories, bool placed, bool leaf,
                   struct failure *failure) {
    for (size_t i = 0; i < directories->count; i++) {
        bool has_tasks;
        if (!find_tasks(directories->items[i], &has_tasks, failure) ||
            (has_tasks && !enter_by(directories->items[i], "tasks", failure)) ||
            (!has_tasks && !placed && !enter_unified(directories->items[i], leaf, failure)))
            return false;
    }
    return true;
}

void cgroups_remove_leaves(const struct string_list *directories) {
    for (size_t i = 0; i < directories->count; i++) {
        char leaf[PATH_MAX];
        if (leaf_path(directories->items[i], leaf, sizeof leaf) && access(leaf, F_OK) == 0)
            remove_directory(leaf);
    }
}

static bool write_file(const char *directory, const char *name, const char *text) {
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%s/%s", directory, name) >= (int)sizeof path)
        return false;
    cleanup_fd int file = open(path, O_WRONLY | O_CLOEXEC);
    return file >= 0 && write(file, text, strlen(text)) == (ssize_t)strlen(text);
}

void cgroups_thaw(const struct string_list *directories) {
    for (size_t i = 0; i < directories->count; i++) {
        write_file(directories->items[i], "cgroup.freeze", "0");
        write_file(directories->items[i], "freezer.state", "THAWED");
    }
}

/* True where there was somebody to kill. */
static bool kill_members(const char *directory) {
    char path[PATH_MAX];
    bool found = false;
    int pid, size = snprintf(path, sizeof path, "%s/cgroup.procs", directory);
    FILE *members = size < (int)sizeof path ? fopen(path, "re") : NULL;
    while (members && fscanf(members, "%d", &pid) == 1)
        if (pid > 0 && kill(pid, SIGKILL) == 0)
            found = true;
    if (members)
        fclose(members);
    return found;
}

/* Version 1: what is frozen neither forks nor gives its number to another process. */
static void kill_frozen(const char *directory) {
    for (int round = 0; round < 100; round++) {
        write_file(directory, "freezer.state", "FROZEN");
        bool found = kill_members(directory);
        write_file(directory, "freezer.state", "THAWED");
        if (!found)
            return;
        nanosleep(&(struct timespec){.tv_nsec = 5 * 1000 * 1000}, NULL);
    }
}

void cgroups_kill(const struct string_list *directories) {
    for (size_t i = 0; i < directories->count; i++)
        if (write_file(directories->items[i], "cgroup.kill", "1"))
            return; /* all of them at once, and every process is in that hierarchy */
    for (size_t i = 0; i < directories->count; i++)
        kill_frozen(directories->items[i]);
}

/* The line "oom_kill N"; 0 where the file is not there. */
static unsigned long read_oom_kills(const char *directory, const char *name) {
    char path[PATH_MAX], line[64];
    unsigned long kills = 0;
    int size = snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *counters = size < (int)sizeof path ? fopen(path, "re") : NULL;
    while (counters && fgets(line, sizeof line, counters))
        if (sscanf(line, "oom_kill %lu", &kills) == 1)
            break;
    if (counters)
        fclose(counters);
    return kills;
}

unsigned long cgroups_oom_kills(const struct string_list *directories) {
    unsigned long kills = 0;
    for (size_t i = 0; i < directories->count; i++) {
        kills += read_oom_kills(directories->items[i], "memory.events");
        kills += read_oom_kills(directories->items[i], "memory.oom_control");
    }
    return kills;
}

void cgroups_remove(const struct string_list *directories) {
    for (size_t i = 0; i < directories->count; i++)
        remove_directory(directories->items[i]);
}
