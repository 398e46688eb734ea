/* A time namespace of the sandbox's own: the boot-time and monotonic clocks, shifted. */
#pragma once
#include "options.h"

/* Makes it, writes the offsets, and enters it; nothing where it is the host's or joined. */
bool clocks_enter(const struct options *options, struct failure *failure);
