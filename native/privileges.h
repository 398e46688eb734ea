/* Giving up what the sandbox's processes must not have. */
#pragma once
#include "capabilities.h"
#include "options.h"

/* The five sets of the sandbox's processes. */
struct capability_sets privileges_sets(const struct options *options);

/*
 * no_new_privs, the bounding set, and of the permitted set what the sandbox's processes keep, with
 * CAP_SYS_ADMIN for now: without no_new_privs seccomp(2) and landlock_restrict_self(2) ask for it.
 */
bool privileges_drop(const struct options *options, struct failure *failure);

/* The other four sets, exactly. */
bool privileges_settle(const struct options *options, struct failure *failure);

/* Keeps the process's memory and /proc/PID/{exe,fd,mem} closed to the sandbox it can be seen from.
 */
bool privileges_hide(struct failure *failure);

/* Leaves the caller's session keyring, which no namespace separates (keyrings(7)), for an empty
 * one. */
bool privileges_leave_keyring(struct failure *failure);

/* Ends with the parent. Set again after every change of credentials, which clears it (prctl(2)). */
bool privileges_die_with_parent(struct failure *failure);

/* Takes that back, for a process that has to end others then. */
void privileges_outlive_parent(void);
