#include "target.h"
#include "cleanup.h"
#include "numbers.h"
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>

static bool target_gone(struct failure *failure, const char *call, const char *path) {
    return failed_because(failure, ESRCH, "target", call, path,
                          "the process has ended, or its id belongs to another one now");
}

static bool target_failed(struct failure *failure, const char *call, const char *path) {
    if (errno == ENOENT || errno == ESRCH)
        return target_gone(failure, call, path);
    return failed(failure, "target", call, path);
}

/* Field 22 of stat (proc_pid_stat(5)). The name in field 2 may hold spaces and parentheses. */
static bool read_start_time(int proc, uint64_t *ticks) {
    char text[4096];
    cleanup_fd int file = openat(proc, "stat", O_RDONLY | O_CLOEXEC);
    ssize_t length = file < 0 ? -1 : read(file, text, sizeof text - 1);
    if (length <= 0)
        return false;
    text[length] = '\0';
    char *at = strrchr(text, ')');
    for (int field = 2; at && field < 22; field++)
        at = strchr(at + 1, ' ');
    if (!at)
        return false;
    at[1 + strcspn(at + 1, " ")] = '\0';
    return number_parse(at + 1, UINT64_MAX, ticks);
}

static bool open_link(int proc, const char *name, int *link, struct failure *failure) {
    *link = openat(proc, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return *link >= 0 || target_failed(failure, "openat", name);
}

/*
 * The pidfd came first and its process still lives, so /proc/PID, opened in between, is the same
 * process: its number cannot have been given away. The start time is what the caller saw.
 */
static bool verify(const struct target *target, const struct options *options,
                   struct failure *failure) {
    uint64_t ticks;
    if (!read_start_time(target->proc, &ticks) ||
        (options->start_time_given && ticks != options->start_time))
        return target_gone(failure, "read", "stat");
    return target_alive(target, failure);
}

bool target_alive(const struct target *target, struct failure *failure) {
    uint64_t ticks;
    if (target->process < 0 && !read_start_time(target->proc, &ticks))
        return target_gone(failure, "read", "stat");
    if (target->process >= 0 && pidfd_send_signal(target->process, 0, NULL, 0) < 0 &&
        errno != EPERM)
        return target_failed(failure, "pidfd_send_signal", NULL);
    return true;
}

bool target_open(struct target *target, const struct options *options, struct failure *failure) {
    char number[32];
    *target = (struct target){(pid_t)options->pid, -1, -1, -1, -1, -1};
    snprintf(number, sizeof number, "%llu", (unsigned long long)options->pid);
    target->process = pidfd_open((pid_t)options->pid, 0);
    /* A kernel without pidfds: the directory of /proc that is opened next means one process, too.
     */
    if (target->process < 0 && errno != ENOSYS)
        return target_failed(failure, "pidfd_open", number);
    target->procfs = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (target->procfs < 0 || !open_link(target->procfs, number, &target->proc, failure))
        return target_failed(failure, "open", "/proc");
    if ((options->namespaces & CLONE_NEWNS) &&
        (!open_link(target->proc, "root", &target->root, failure) ||
         !open_link(target->proc, "cwd", &target->directory, failure)))
        return false;
    return verify(target, options, failure);
}

bool target_shares(const struct target *target, const char *name) {
    char own[32], theirs[32];
    struct stat here, there;
    snprintf(own, sizeof own, "self/ns/%s", name);
    snprintf(theirs, sizeof theirs, "ns/%s", name);
    return fstatat(target->procfs, own, &here, 0) == 0 &&
           fstatat(target->proc, theirs, &there, 0) == 0 && here.st_ino == there.st_ino &&
           here.st_dev == there.st_dev;
}

bool target_kept_user(const struct target *target, uint64_t inode, struct failure *failure) {
    struct stat theirs;
    if (fstatat(target->proc, "ns/user", &theirs, 0) < 0)
        return target_failed(failure, "fstatat", "ns/user");
    return theirs.st_ino == inode ||
           failed_because(failure, EPERM, "follow", "fstatat", "ns/user",
                          "the process is in another user namespace than the one that was "
                          "joined, and what it may do there it may not do here");
}
