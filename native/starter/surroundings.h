/* What whoever asked for a root helper would otherwise hand down to it. */
#pragma once
#include "../failure.h"

/*
 * Leaves of the caller's environment who asked (pkexec, sudo) and what systemd passes on, of its
 * descriptors the standard ones and systemd's sockets, and nothing of its signals, limits, mask and
 * working directory. Sets `electron` for a runtime that is one.
 */
bool surroundings_clean(bool electron, struct failure *failure);
