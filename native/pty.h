/* Pseudo-terminals. */
#pragma once
#include "failure.h"

struct pty {
    int master, slave;
};

/* Makes a pair from the ptmx of a devpts instance (a descriptor of its root directory). */
bool pty_open(int devpts, struct pty *pty, struct failure *failure);

/* The same from an open ptmx, which becomes the master. */
bool pty_from_master(int master, struct pty *pty, struct failure *failure);

void pty_close(struct pty *pty);
