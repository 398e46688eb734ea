/* A session's wall-clock limit, and the process whose end is the session's too. */
#pragma once
#include "session.h"

/* Opens what --die-with names; before the session is ready, so that its creator can still check. */
bool deadline_open(struct session *session, struct failure *failure);

/* Starts the clock of --timeout; does nothing without one. */
bool deadline_start(struct session *session, struct failure *failure);

/* The clock has run out: SIGTERM the first time, SIGKILL of everything the second. */
void deadline_reached(struct session *session);
