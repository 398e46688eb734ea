/*
 * openat2(2), and what does the same by hand on a kernel without it (before Linux 5.6) or under a
 * filter that does not know it.
 */
#pragma once
#include <linux/openat2.h>
#include <stdint.h>

/*
 * Opens path with RESOLVE_* below directory; close-on-exec. -1 with errno.
 *
 * By hand, every component is opened for itself with O_PATH and O_NOFOLLOW, and ".." goes back to
 * the descriptor that was there before: a rename at any moment leads nowhere else. It is stricter
 * than openat2: it follows no link at all of a procfs, and a path without RESOLVE_IN_ROOT that
 * begins with "/" begins at the caller's root and cannot leave it either.
 */
int open_beneath(int directory, const char *path, uint64_t flags, uint64_t resolve);
