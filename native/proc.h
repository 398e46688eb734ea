/* The sandbox's procfs. */
#pragma once
#include "failure.h"

/*
 * Mounts the procfs of the caller's pid namespace on `place`, with the paths hidden or made
 * read-only that every engine hides (they are not namespaced). null: O_PATH of a verified
 * /dev/null. of_host: a copy of what is on /proc, for only who owns a pid namespace gets a new one.
 */
bool proc_mount(int place, const char *path, int null, bool of_host, struct failure *failure);
