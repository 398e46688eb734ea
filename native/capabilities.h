/* Capabilities, by name and as 64-bit sets. */
#pragma once
#include "failure.h"
#include <stdint.h>

struct capability_sets {
    uint64_t inheritable, permitted, effective, bounding, ambient;
};

/* "CAP_NET_RAW" or "net_raw" -> its bit in *set. */
bool capability_parse(const char *name, uint64_t *set, struct failure *failure);

/* Whether the caller holds a capability in its effective set. */
bool capability_held(int capability);

/* Drops everything outside `keep` from the bounding set; needs CAP_SETPCAP for what is dropped. */
bool capabilities_bound(uint64_t keep, struct failure *failure);

/* Sets permitted, effective and inheritable. */
bool capabilities_set(const struct capability_sets *sets, struct failure *failure);

/* Clears the ambient set, then raises those in `ambient`. */
bool capabilities_set_ambient(uint64_t ambient, struct failure *failure);

/* Makes those of `effective` effective, which must be permitted; what is permitted stays. */
bool capabilities_use(uint64_t effective, struct failure *failure);

/* Makes every permitted capability effective: setresuid(2) away from 0 clears the effective set. */
bool capabilities_raise(struct failure *failure);
