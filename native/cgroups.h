/* Joining and removing cgroup directories; making and filling them is the caller's business. */
#pragma once
#include "options.h"

/* Writes a pid to cgroup.procs of every directory; pid 0 is the caller itself. */
bool cgroups_join(const struct string_list *directories, pid_t pid, struct failure *failure);

/* rmdir of every directory; a cgroup stays busy for a moment after its last process was reaped. */
void cgroups_remove(const struct string_list *directories);
