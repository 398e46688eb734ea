/* The process inside the target's namespaces, until it becomes the command. */
#pragma once
#include "options.h"
#include "target.h"

_Noreturn void entered_main(const struct options *options, struct target *target, int host_ptmx,
                            int monitor);
