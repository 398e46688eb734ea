/* The last step: from the launcher to the command. */
#pragma once
#include "filters.h"
#include "options.h"

struct execution {
    char **arguments;
    char **environment; /* NULL: empty */
    int stdio[3];       /* three times the pty's slave where terminal is set */
    bool terminal;
    mode_t umask;
    const struct rlimits *limits;
    const struct filters *filters; /* NULL: none that are installed here */
};

/* Becomes the command. Returns only on failure: the exit code, 126 or 127, and the failure. */
int execute(const struct execution *execution, struct failure *failure);
