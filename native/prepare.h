/* Everything between "go" and "prepared": building the sandbox from within. */
#pragma once
#include "options.h"
#include "pty.h"

/*
 * Receives the monitor's mounts and its "go", builds the sandbox and answers "prepared".
 * *pty: its terminal, where options ask for one; *mask: the umask that the command gets.
 */
bool prepare(struct options *options, int monitor, struct pty *pty, mode_t *mask,
             struct failure *failure);
