#include "deadline.h"
#include "cgroups.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/pidfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { MS_PER_SECOND = 1000, NS_PER_MS = 1000 * 1000 };

bool deadline_open(struct session *session, struct failure *failure) {
    uint64_t pid = session->options->die_with;
    char number[24];
    if (pid == 0)
        return true;
    snprintf(number, sizeof number, "%llu", (unsigned long long)pid);
    session->partner = pidfd_open((pid_t)pid, 0);
    if (session->partner >= 0)
        return true;
    failed(failure, "die-with", "pidfd_open", number);
    if (failure->error == ENOSYS)
        failed_hint(failure, "that process can be watched by a pidfd only (Linux 5.3): do without "
                             "--die-with");
    return false;
}

static bool arm(int timer, uint64_t milliseconds) {
    struct itimerspec when = {
        .it_value = {.tv_sec = (time_t)(milliseconds / MS_PER_SECOND),
                     .tv_nsec = (long)(milliseconds % MS_PER_SECOND) * NS_PER_MS}};
    return timerfd_settime(timer, 0, &when, NULL) == 0;
}

/* CLOCK_MONOTONIC: the time for which the machine was suspended is nobody's fault. */
bool deadline_start(struct session *session, struct failure *failure) {
    if (session->options->timeout_ms == 0)
        return true;
    session->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (session->timer < 0 || !arm(session->timer, session->options->timeout_ms))
        return failed(failure, "timeout", "timerfd_settime", NULL);
    return true;
}

void deadline_reached(struct session *session) {
    uint64_t expirations;
    const struct options *options = session->options;
    if (read(session->timer, &expirations, sizeof expirations) < 0)
        return;
    /* timerfd_settime(2): a time of zero would stop the clock. */
    if (session->timed_out || !arm(session->timer, options->grace_ms ? options->grace_ms : 1)) {
        session_kill(session);
        return;
    }
    session->timed_out = true;
    cgroups_thaw(&options->cgroups);
    session_signal(session, SIGTERM);
    /* An interactive shell ignores SIGTERM; that its terminal is gone it does heed. */
    if (options->terminal)
        session_signal(session, SIGHUP);
}
