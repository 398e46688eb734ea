/* Putting mounts into the new root. */
#pragma once
#include "dev.h"
#include "options.h"

/* The root while it is built. */
struct building {
    int root;               /* the new root directory */
    int terminals;          /* the sandbox's own devpts, -1 before --dev */
    bool host_processes;    /* /proc is the host's: there is no other for its pid namespace */
    struct devices devices; /* the host's device nodes, opened before anything was mounted */
};

/* Applies the mounts of the command line in their order. */
bool mounts_apply(const struct options *options, struct building *building,
                  struct failure *failure);
