/* Signals as descriptors. */
#pragma once
#include "failure.h"
#include <signal.h>

/* What a monitor, an init and an attach pass on to the command. */
extern const int forwarded_signals[];
extern const int forwarded_signal_count;

/* Whether a number that another process sent is a signal that may be passed on. */
bool signal_is_forwarded(int number);

/*
 * Blocks the forwarded signals and `extra` (0: none more) and returns their signalfd, or -1.
 * SIGCHLD is blocked too, for process_watch.
 */
int signals_open(int extra, struct failure *failure);

/*
 * For attach: SIGWINCH, and with `pass` those that end or interrupt. Without `pass` those are
 * blocked and never read: the monitor gets them as well.
 */
int signals_open_client(bool pass, struct failure *failure);

/* The next pending signal's number, 0 where there is none. */
int signals_next(int signals);

/* Default dispositions and an empty mask, as a new process expects them. */
void signals_reset(void);
