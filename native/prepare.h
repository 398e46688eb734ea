/* Everything between "go" and "prepared": building the sandbox from within. */
#pragma once
#include "options.h"
#include "pty.h"

struct prepared {
    struct pty pty; /* the sandbox's terminal, where options ask for one */
    mode_t umask;   /* the command's */
    int children;   /* lists init's, where it has to end them itself; or -1 (descendants.h) */
};

/* Receives the monitor's mounts and its "go", builds the sandbox and answers "prepared". */
bool prepare(struct options *options, int monitor, struct prepared *prepared,
             struct failure *failure);
