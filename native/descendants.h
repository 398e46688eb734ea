/*
 * Everything that a sandbox began and that no pid namespace of its own ends: where it shares the
 * host's, orphans come to the nearest child subreaper above them (prctl(2)), which ends them.
 */
#pragma once
#include "failure.h"
#include <sys/types.h>

/*
 * Makes the caller a child subreaper. The result lists its children whenever it is read, also
 * after a change of root; -1 with a failure.
 */
int descendants_adopt(struct failure *failure);

/* Kills and reaps all children of the caller, and their orphans, until none is left that it may. */
void descendants_end(int children, pid_t spared);
