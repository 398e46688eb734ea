/* The change of root. */
#pragma once
#include "mounts.h"
#include "options.h"

/* Stops propagation to the host and stacks the new root on "/"; building->root is set. */
bool root_attach(const struct options *options, struct building *building, struct failure *failure);

/* pivot_root into it; the old root is gone afterwards. */
bool root_enter(const struct building *building, struct failure *failure);
