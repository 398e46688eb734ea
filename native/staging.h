/*
 * Mounts by mount(2), on kernels (or below filters of containers) without the calls that make them
 * detached. It takes paths, so every mount is made in a private place that no sandbox ever sees,
 * gets its attributes there, and leaves it by descriptor. Id-mapping cannot be had this way.
 */
#pragma once
#include "failure.h"

/* Makes the place where a mount call is missing, and stops propagation: before any other mount. */
bool staging_prepare(struct failure *failure);

/* Whether this answer may mean that there is no such call: mount(2) decides then. */
bool mount_call_missing(int error);

/* As tree_copy and tree_create (trees.h), but what they return has a place already. */
int staged_copy(int place, bool recursive, unsigned attributes, const char *path,
                struct failure *failure);
int staged_create(const char *type, const char *const *parameters, unsigned attributes,
                  struct failure *failure);

/* A mount that has a place, or is detached; `to` is a descriptor's link or the process's root. */
bool mount_move(int tree, const char *to, const char *path, struct failure *failure);
