/*
 * A root of our own for a target that has no shell: a static program with its names in /bin, and
 * the target's root at /target. It is made in a copy of the target's mount namespace, of which the
 * target sees nothing.
 */
#pragma once
#include "options.h"
#include "target.h"

/* The program of --toolbox, opened where paths are the host's; -1 without one, or where it failed.
 */
bool toolbox_open(const struct options *options, int *program, struct failure *failure);

/*
 * Makes that root the caller's, who is in the target's namespaces and has all capabilities there;
 * target->root and target->directory become /target.
 */
bool toolbox_enter(const struct options *options, struct target *target, int program,
                   struct failure *failure);
