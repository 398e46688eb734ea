#include "surroundings.h"
#include "../descriptors.h"
#include "../signals.h"
#include <errno.h>
#include <linux/keyctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char stage[] = "surroundings";

/* NODE_OPTIONS, LD_PRELOAD, OPENSSL_CONF and whatever else makes a program load something do not
 * stand here. */
static const char *const kept[] = {
    "PKEXEC_UID",    "SUDO_UID",       "LISTEN_PID",    "LISTEN_FDS",        "LISTEN_FDNAMES",
    "NOTIFY_SOCKET", "JOURNAL_STREAM", "INVOCATION_ID", "RUNTIME_DIRECTORY",
};

static const char *const set[][2] = {
    {"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"},
    {"HOME", "/root"},
    {"LC_ALL", "C.UTF-8"},
};

enum { KEPT = sizeof kept / sizeof *kept, SET = sizeof set / sizeof *set };

static bool clean_environment(bool electron, struct failure *failure) {
    char *values[KEPT];
    for (int i = 0; i < KEPT; i++) {
        const char *value = getenv(kept[i]);
        values[i] = value ? strdup(value) : NULL;
    }
    clearenv();
    bool done = true;
    for (int i = 0; i < KEPT; i++)
        done = done && (!values[i] || setenv(kept[i], values[i], 1) == 0);
    for (int i = 0; i < SET; i++)
        done = done && setenv(set[i][0], set[i][1], 1) == 0;
    if (electron)
        done = done && setenv("ELECTRON_RUN_AS_NODE", "1", 1) == 0;
    return done || failed(failure, stage, "setenv", NULL);
}

/* sd_listen_fds(3): they begin at 3, and are for the process that LISTEN_PID names. */
static int first_unwanted(void) {
    const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
    if (!pid || !count || atoi(pid) != getpid() || atoi(count) < 0 || atoi(count) > 16)
        return STDERR_FILENO + 1;
    return STDERR_FILENO + 1 + atoi(count);
}

/*
 * A file that may not grow, or too few descriptors, would make root fail halfway. The hard limits
 * as far as they go: who lacks CAP_SYS_RESOURCE has those that the machine gave.
 */
static void lift_limits(void) {
    static const int resources[] = {RLIMIT_FSIZE, RLIMIT_CPU, RLIMIT_AS, RLIMIT_DATA,
                                    RLIMIT_NOFILE};
    for (size_t i = 0; i < sizeof resources / sizeof *resources; i++) {
        struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};
        if (resources[i] != RLIMIT_NOFILE && setrlimit(resources[i], &limit) == 0)
            continue;
        if (getrlimit(resources[i], &limit) == 0) {
            limit.rlim_cur = limit.rlim_max;
            setrlimit(resources[i], &limit);
        }
    }
}

/*
 * The keys of the caller's session are looked through for whatever root mounts or asks for, and who
 * is in that session may change them (keyrings(7)). ENOSYS, and EPERM of a filter: there are none.
 */
static bool leave_keyring(struct failure *failure) {
    if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) >= 0 || errno == ENOSYS ||
        errno == EPERM)
        return true;
    return failed(failure, stage, "keyctl(KEYCTL_JOIN_SESSION_KEYRING)", NULL);
}

/*
 * A runtime that begins as Node does opens missing standard descriptors and resets signals by
 * itself, so that no test sees these two here; which runtime an editor brings is its own matter.
 */
bool surroundings_clean(bool electron, struct failure *failure) {
    if (!descriptors_ensure_standard(failure) ||
        !descriptors_close_from(first_unwanted(), false, failure) || !leave_keyring(failure))
        return false;
    signals_reset();
    lift_limits();
    umask(022);
    if (chdir("/") < 0)
        return failed(failure, stage, "chdir", "/");
    return clean_environment(electron, failure);
}
