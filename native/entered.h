/* The process inside the target's namespaces, until it becomes the command. */
#pragma once
#include "filters.h"
#include "following.h"
#include "options.h"
#include "pty.h"
#include "target.h"

/* What was found out and opened before, where /proc and /dev are the host's. */
struct entry {
    struct target target;
    struct pty pty;          /* for a target without a devpts of its own; -1, -1: no terminal */
    struct filters *filters; /* the target's, or NULL */
    int toolbox;             /* its program, or -1 */
    struct following following;
};

_Noreturn void entered_main(const struct options *options, struct entry *entry, int monitor);
