#include "execute.h"
#include "signals.h"
#include <errno.h>
#include <linux/close_range.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* What Docker sets; for a command without a slash and an environment without PATH. */
static const char default_path[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

static const char *search_path(char *const *environment) {
    for (; environment && *environment; environment++)
        if (strncmp(*environment, "PATH=", 5) == 0)
            return *environment + 5;
    return default_path;
}

/* execvp(3) without its fall-back to /bin/sh: a file that is no program answers ENOEXEC. */
static void search_and_exec(const struct execution *execution, char **environment) {
    const char *name = execution->arguments[0];
    int error = ENOENT;
    for (const char *at = search_path(environment); *at;) {
        size_t length = strcspn(at, ":");
        char file[PATH_MAX];
        int size =
            snprintf(file, sizeof file, "%.*s%s%s", (int)length, at, length ? "/" : "", name);
        if (size < (int)sizeof file) {
            execve(file, execution->arguments, environment);
            if (errno != ENOENT && errno != ENOTDIR)
                error = errno;
        }
        at += length + (at[length] == ':');
    }
    errno = error;
}

static bool connect_stdio(const struct execution *execution, struct failure *failure) {
    /* With --no-init PID 1 leads its session already. */
    if (getsid(0) != getpid() && setsid() < 0)
        return failed(failure, "exec", "setsid", NULL);
    if (execution->terminal && ioctl(execution->stdio[0], TIOCSCTTY, 0) < 0)
        return failed(failure, "exec", "ioctl(TIOCSCTTY)", NULL);
    for (int i = 0; i < 3; i++)
        if (dup2(execution->stdio[i], i) < 0)
            return failed(failure, "exec", "dup2", NULL);
    return true;
}

/*
 * CLOEXEC, so that a failing exec can still be reported. CVE-2024-21626: nothing may leak. A kernel
 * without close_range has had this already: what was leaked to us was marked when we began, and all
 * that we open is.
 */
static bool close_at_exec(struct failure *failure) {
    return close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) == 0 || errno == ENOSYS || errno == EINVAL ||
           failed(failure, "exec", "close_range", NULL);
}

int execute(const struct execution *execution, struct failure *failure) {
    char *empty[] = {NULL};
    char **environment = execution->environment ? execution->environment : empty;
    if (!connect_stdio(execution, failure))
        return EXIT_CANNOT_EXECUTE;
    umask(execution->umask);
    signals_reset();
    /* Only now: init must live on, and its own work is not the command's to bound. */
    if (!rlimits_set(execution->limits, failure))
        return EXIT_CANNOT_EXECUTE;
    /* The filters last: they decide what happens to each call that follows. */
    if (!close_at_exec(failure) ||
        (execution->filters && !filters_install(execution->filters, failure)))
        return EXIT_CANNOT_EXECUTE;
    if (strchr(execution->arguments[0], '/'))
        execve(execution->arguments[0], execution->arguments, environment);
    else
        search_and_exec(execution, environment);
    failed(failure, "exec", "execve", execution->arguments[0]);
    if (failure->error != ENOENT && failure->error != ENOTDIR)
        return EXIT_CANNOT_EXECUTE;
    failed_hint(failure,
                "there is no such command inside: is it installed there, and on its PATH?");
    return EXIT_NOT_FOUND;
}
