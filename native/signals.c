#include "signals.h"
#include <stddef.h>
#include <sys/signalfd.h>
#include <unistd.h>

const int forwarded_signals[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};
const int forwarded_signal_count = sizeof forwarded_signals / sizeof *forwarded_signals;

bool signal_is_forwarded(int number) {
    for (int i = 0; i < forwarded_signal_count; i++)
        if (forwarded_signals[i] == number)
            return true;
    return false;
}

static void add_forwarded(sigset_t *set) {
    for (int i = 0; i < forwarded_signal_count; i++)
        sigaddset(set, forwarded_signals[i]);
}

static int open_descriptor(const sigset_t *blocked, const sigset_t *read, struct failure *failure) {
    if (sigprocmask(SIG_BLOCK, blocked, NULL) < 0)
        return failed(failure, "signals", "sigprocmask", NULL) - 1;
    int signals = signalfd(-1, read, SFD_CLOEXEC | SFD_NONBLOCK);
    if (signals < 0)
        return failed(failure, "signals", "signalfd", NULL) - 1;
    return signals;
}

int signals_open(int extra, struct failure *failure) {
    sigset_t set;
    sigemptyset(&set);
    add_forwarded(&set);
    if (extra)
        sigaddset(&set, extra);
    sigset_t blocked = set;
    sigaddset(&blocked, SIGCHLD);
    return open_descriptor(&blocked, &set, failure);
}

int signals_open_client(bool pass, struct failure *failure) {
    sigset_t blocked, read;
    sigemptyset(&read);
    sigaddset(&read, SIGWINCH);
    blocked = read;
    add_forwarded(&blocked);
    return open_descriptor(&blocked, pass ? &blocked : &read, failure);
}

int signals_next(int signals) {
    struct signalfd_siginfo next;
    return read(signals, &next, sizeof next) == sizeof next ? (int)next.ssi_signo : 0;
}

void signals_reset(void) {
    sigset_t none;
    for (int i = 1; i < NSIG; i++)
        signal(i, SIG_DFL); /* fails for SIGKILL and SIGSTOP, which have nothing to reset */
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}
