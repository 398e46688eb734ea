/* Waiting for one descriptor without missing that the world around it ended. */
#pragma once
#include "session.h"

/*
 * Until `descriptor` is readable or at its end. False with the failure where, before that, the
 * session's process ended, a signal asked the monitor to stop, or timeout_ms (-1: none) passed.
 */
bool wait_readable(struct session *session, int descriptor, int timeout_ms, const char *stage,
                   struct failure *failure);
