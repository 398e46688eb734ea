/* Who holds which descriptor. */
#pragma once
#include "failure.h"

/* Makes sure that 0, 1 and 2 are open, so that nothing of ours can get one of those numbers. */
bool descriptors_ensure_standard(struct failure *failure);

/* Points one standard descriptor at /dev/null. */
bool descriptor_forget(int standard, struct failure *failure);

/* Moves *kept to 3 and closes every other descriptor above 2, whoever opened it. */
bool descriptors_keep_only(int *kept, struct failure *failure);
