/* The monitor's handshake with `launcher attach`. */
#pragma once
#include "session.h"

/*
 * Finds a client: whoever connects to --listen; else a process of our own that uses the monitor's
 * descriptors; or nobody, where those can go to the command as they are. Hands over the pty's
 * master, or gets the command's stdio.
 */
bool client_connect(struct session *session, int stdio[3], struct failure *failure);
