/* Joining and removing cgroup directories; making and filling them is the caller's business. */
#pragma once
#include "options.h"

/* Writes a pid to cgroup.procs of every directory; pid 0 is the caller itself. */
bool cgroups_join(const struct string_list *directories, pid_t pid, struct failure *failure);

/* Lets what was frozen run again, in either version; a directory that cannot freeze is passed over.
 */
void cgroups_thaw(const struct string_list *directories);

/* rmdir of every directory; a cgroup stays busy for a moment after its last process was reaped. */
void cgroups_remove(const struct string_list *directories);
