/* Who holds which descriptor. */
#pragma once
#include "failure.h"

/* Makes sure that 0, 1 and 2 are open, so that nothing of ours can get one of those numbers. */
bool descriptors_ensure_standard(struct failure *failure);

/* Points one standard descriptor at /dev/null. */
bool descriptor_forget(int standard, struct failure *failure);

/*
 * close_range(2) from `first` on: closes, or with close_on_exec marks. On a kernel without (before
 * Linux 5.9, and 5.11 for the mark) by the list in /proc/self/fd, where /proc is still the host's.
 */
bool descriptors_close_from(int first, bool close_on_exec, struct failure *failure);

/* Moves *kept to 3 and closes every other descriptor above 2, whoever opened it. */
bool descriptors_keep_only(int *kept, struct failure *failure);
