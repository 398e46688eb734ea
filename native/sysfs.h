/* The sandbox's /sys: that of its own network namespace, to read. */
#pragma once
#include "failure.h"

/* Mounts sysfs on `place`, read-only, with what Docker hides there hidden. */
bool sysfs_mount(int place, const char *path, int null, struct failure *failure);
