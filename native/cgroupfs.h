/* The sandbox's own cgroups, to read: what it may use, and how much it does. */
#pragma once
#include "failure.h"

/*
 * Mounts on `place` the hierarchies of the own cgroup namespace, read-only: version 2 itself where
 * it is the only one, else a directory for each, as on the host.
 */
bool cgroupfs_mount(int place, const char *path, struct failure *failure);
