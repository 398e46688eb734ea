/* Giving up what the sandbox's processes must not have. */
#pragma once
#include "options.h"

/* no_new_privs; bounding, permitted and effective sets reduced to `keep`; the rest empty. */
bool privileges_drop(uint64_t keep, struct failure *failure);

/* Keeps the process's memory and /proc/PID/{exe,fd,mem} closed to the sandbox it can be seen from.
 */
bool privileges_hide(struct failure *failure);

/* Leaves the caller's session keyring, which no namespace separates (keyrings(7)), for an empty
 * one. */
bool privileges_leave_keyring(struct failure *failure);

/* Ends with the parent. Set again after every change of credentials, which clears it (prctl(2)). */
bool privileges_die_with_parent(struct failure *failure);
