/* The way into another process's namespaces. */
#pragma once
#include "confinement.h"
#include "options.h"
#include "pty.h"
#include "target.h"

/*
 * Joins cgroups and namespaces and starts, as a child of the monitor, the process that is in them.
 * Lives in a process of its own, which then exits. pty: a pair of the host's, see entered.h.
 */
_Noreturn void join_main(const struct options *options, struct target *target, struct pty pty,
                         int monitor);
