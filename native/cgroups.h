/* Joining and removing cgroup directories; making and filling them is the caller's business. */
#pragma once
#include "options.h"

/*
 * A write to cgroup.procs takes a lock for which the kernel waits 5 to 10 ms (an RCU grace period,
 * cgroup_threadgroup_rwsem). The two calls below put a new process of one thread where it belongs
 * without that lock: clone3's CLONE_INTO_CGROUP for the version 2 hierarchy, and, by the process
 * itself, a 0 written to `tasks` for those of version 1, which have no such flag.
 */

/* The directory of the version 2 hierarchy, for clone3; *unified stays as it is where none is
 * listed. */
bool cgroups_open_unified(const struct string_list *directories, int *unified,
                          struct failure *failure);

/*
 * Moves the calling thread into the version 1 directories, and unless it was placed there by
 * clone_process, into that of version 2; `leaf`: where that may hold no process, into one below it.
 */
bool cgroups_enter(const struct string_list *directories, bool placed, bool leaf,
                   struct failure *failure);

/* Removes the leaves that this made, unless somebody else is in them. */
void cgroups_remove_leaves(const struct string_list *directories);

/* Lets what was frozen run again, in either version; a directory that cannot freeze is passed over.
 */
void cgroups_thaw(const struct string_list *directories);

/* Kills whatever is in the directories, for a sandbox that no pid namespace of its own ends. */
void cgroups_kill(const struct string_list *directories);

/* How many processes in the directories the OOM killer has killed until now. */
unsigned long cgroups_oom_kills(const struct string_list *directories);

/* rmdir of every directory; a cgroup stays busy for a moment after its last process was reaped. */
void cgroups_remove(const struct string_list *directories);
