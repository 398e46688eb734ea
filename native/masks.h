/* Paths of a kernel file system that nobody inside may see, or write to. */
#pragma once
#include "failure.h"
#include <stddef.h>

struct mask {
    const char *name; /* below the file system's root */
    bool hidden;      /* else it is read-only */
};

/*
 * Covers what is there of `masks` below `tree`; null: the host's verified /dev/null. of_host: what
 * the host itself has mounted there, as a container's engine does, is covered again.
 */
bool masks_apply(int tree, const struct mask *masks, size_t count, int null, bool of_host,
                 struct failure *failure);
