#include "process.h"
#include <errno.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

int process_watch(pid_t child) {
    int watch = pidfd_open(child, 0);
    sigset_t ends;
    if (watch >= 0 || errno != ENOSYS)
        return watch;
    sigemptyset(&ends);
    sigaddset(&ends, SIGCHLD);
    kill(getpid(), SIGCHLD); /* the first look is free: it may have ended before */
    return signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK);
}

static bool has_ended(pid_t child) {
    siginfo_t status = {0};
    return waitid(P_PID, (id_t)child, &status, WEXITED | WNOHANG | WNOWAIT) < 0 ||
           status.si_pid == child;
}

bool process_has_ended(int watch, pid_t child) {
    struct signalfd_siginfo ignored;
    if (has_ended(child))
        return true;
    /* Another child's end; a pidfd, to which this read is EINVAL, tells of no other. */
    if (read(watch, &ignored, sizeof ignored) < 0 || !has_ended(child))
        return false;
    kill(getpid(), SIGCHLD); /* it ended just now, and its own signal was read: be readable again */
    return true;
}
