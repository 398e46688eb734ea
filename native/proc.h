/* The sandbox's procfs. */
#pragma once
#include "failure.h"

/*
 * Mounts the procfs of the caller's pid namespace on `place`, with the paths hidden or made
 * read-only that every engine hides (they are not namespaced). null: O_PATH of a verified
 * /dev/null.
 */
bool proc_mount(int place, const char *path, int null, struct failure *failure);
