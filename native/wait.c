#include "wait.h"
#include "names.h"
#include "process.h"
#include "signals.h"
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

/* Only those that ask for an end: SIGUSR1 and SIGUSR2 have nobody to go to yet. */
static bool asks_to_stop(struct session *session, const char *stage, struct failure *failure) {
    for (int number; (number = signals_next(session->signals)) != 0;) {
        if (number == SIGUSR1 || number == SIGUSR2)
            continue;
        char hint[64];
        snprintf(hint, sizeof hint, "SIG%s ended it before the command began", signal_name(number));
        return !failed_because(failure, EINTR, stage, "poll", NULL, hint);
    }
    return false;
}

bool wait_readable(struct session *session, int descriptor, int timeout_ms, const char *stage,
                   struct failure *failure) {
    struct pollfd watched[] = {{.fd = descriptor, .events = POLLIN},
                               {.fd = session->signals, .events = POLLIN},
                               {.fd = session->process, .events = POLLIN}};
    for (;;) {
        int ready = poll(watched, 3, timeout_ms);
        if (ready < 0 && errno == EINTR)
            continue;
        if (ready < 0)
            return failed(failure, stage, "poll", NULL);
        if (ready == 0)
            return failed_because(failure, ETIMEDOUT, stage, "poll", NULL, NULL);
        /* First: what a dying process said before it died. */
        if (watched[0].revents)
            return true;
        if (watched[1].revents && asks_to_stop(session, stage, failure))
            return false;
        if (!watched[2].revents || !process_has_ended(session->process, session->pid))
            continue;
        return poll(watched, 1, 0) == 1 /* said after the first look */ ||
               failed_because(failure, ESRCH, stage, "poll", NULL,
                              "the sandbox's first process ended");
    }
}
