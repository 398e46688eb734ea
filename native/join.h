/* The way into another process's namespaces. */
#pragma once
#include "confinement.h"
#include "options.h"
#include "target.h"

/*
 * Joins cgroups and namespaces and starts, as a child of the monitor, the process that is in them.
 * Lives in a process of its own, which then exits. terminal: the host's ptmx, or -1.
 */
_Noreturn void join_main(const struct options *options, struct target *target, int host_ptmx,
                         int monitor);
