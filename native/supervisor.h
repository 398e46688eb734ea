/* Init as the supervisor of several named processes. */
#pragma once
#include "execute.h"

/*
 * Starts them in their order, each after the one before has been executed; starts again what its
 * restart policy says, 100 ms after the end, then twice as long each time, a minute at most. A
 * signal that asks to stop is sent to all, the last started first, and nothing is started again.
 * Ends when all have ended: with the code of the first in the list that failed, else 0.
 * execution: what they have in common; children: see reaper.h.
 */
_Noreturn void supervisor_run(const struct options *options, const struct execution *execution,
                              int monitor, int children);
