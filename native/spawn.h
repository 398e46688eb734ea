/* From init to a command: a child that becomes it. */
#pragma once
#include "execute.h"
#include <sys/types.h>

/*
 * Returns the child's pid, or -1 with a failure. *executed tells whether it became the command;
 * where it did not, failure says why, and the child exits with 126 or 127.
 */
pid_t spawn(const struct execution *execution, bool *executed, struct failure *failure);
