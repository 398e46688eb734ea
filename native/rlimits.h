/* Resource limits of a process: setrlimit(2). */
#pragma once
#include "failure.h"
#include <sys/resource.h>

/* By the number of the resource. */
struct rlimits {
    struct rlimit values[RLIM_NLIMITS];
    bool given[RLIM_NLIMITS];
};

/* Adds "nofile", "1024:2048"; either may be "unlimited". */
bool rlimits_parse(struct rlimits *limits, const char *name, const char *values,
                   struct failure *failure);

/* Reads /proc/PID/limits; proc is that directory. */
bool rlimits_read(struct rlimits *limits, int proc, struct failure *failure);

/*
 * Raises the caller's own hard limits where these are higher. CAP_SYS_RESOURCE counts in the first
 * user namespace only: who makes the sandbox must do it, for nobody inside can.
 */
bool rlimits_raise(const struct rlimits *limits, struct failure *failure);

/* The same as far as it can be: 0, or why not all of them (errno). */
int rlimits_raise_possible(const struct rlimits *limits);

/* Sets them, as far as the caller's hard limits go. */
bool rlimits_set(const struct rlimits *limits, struct failure *failure);
