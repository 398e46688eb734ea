/* "Did you mean": the nearest of several names. */
#pragma once
#include <stddef.h>

/* name_at returns NULL for an entry that does not count. Never returns NULL. */
const char *nearest_name(const char *wanted, size_t count,
                         const char *(*name_at)(size_t index, const void *context),
                         const void *context);
