/* Being nobody in particular for a moment: what a stranger on the host may do. */
#pragma once
#include "failure.h"

/*
 * From here to stranger_end the caller is an id that owns nothing, in no group, and CAP_SYS_ADMIN
 * is its only capability. A file system that is made in between keeps these credentials.
 */
bool stranger_begin(struct failure *failure);

/* Back to who the process is (also after a stranger_begin that failed), with every permitted
 * capability effective. */
bool stranger_end(struct failure *failure);
