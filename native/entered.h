/* The process inside the target's namespaces, until it becomes the command. */
#pragma once
#include "options.h"
#include "pty.h"
#include "target.h"

/* pty: a pair of the host's for a target without a devpts of its own; -1, -1: no terminal. */
_Noreturn void entered_main(const struct options *options, struct target *target, struct pty pty,
                            int monitor);
