/*
 * Paths inside the new root. Everything goes through descriptors that openat2 has kept below the
 * root: a path string is resolved once, and never by the host's root directory (CVE-2021-30465,
 * CVE-2024-45310 and their many sisters).
 */
#pragma once
#include "failure.h"
#include <stdint.h>
#include <sys/types.h>

enum target_kind { TARGET_DIRECTORY, TARGET_FILE };

/* O_PATH descriptor of an existing path inside root, or -1 with errno. */
int resolve_existing(int root, const char *path, uint64_t flags, uint64_t resolve);

/*
 * O_PATH descriptor of the mount point `path` inside root, made where it is missing (directories
 * 0755, an empty file 0644). no_symlinks refuses symbolic links (CVE-2019-19921, CVE-2026-41579);
 * without it they are resolved inside the root. -1 with the failure recorded.
 */
int resolve_target(int root, const char *path, enum target_kind kind, bool no_symlinks,
                   struct failure *failure);

/* The directory that holds the last component of path, made where missing; *name: that component.
 */
int resolve_parent(int root, const char *path, const char **name, struct failure *failure);
