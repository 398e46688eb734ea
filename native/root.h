/* The change of root. */
#pragma once
#include "mounts.h"
#include "options.h"

/* Stops propagation to the host and stacks the new root on "/"; building->root is set. */
bool root_attach(const struct options *options, struct building *building, struct failure *failure);

/* Makes the root itself read-only, not what is mounted below it. */
bool root_seal(const struct building *building, struct failure *failure);

/* pivot_root into it; the old root is gone afterwards. */
bool root_enter(int root, struct failure *failure);
