/*
 * Trees of mounts: made detached, with their attributes, and then given a place by descriptor. On a
 * kernel that cannot, they stand in a private place meanwhile (staging.h).
 */
#pragma once
#include "failure.h"

/*
 * A private copy of what `place` (O_PATH) names, recursive: with all below, with MOUNT_ATTR_*
 * attributes added.
 */
int tree_copy(int place, bool recursive, unsigned attributes, const char *path,
              struct failure *failure);

/* The same, never staged: for who sends it to another process. */
int tree_copy_detached(int place, bool recursive, unsigned attributes, const char *path,
                       struct failure *failure);

/* A new file system: its type, "key=value" parameters and mount attributes. */
int tree_create(const char *type, const char *const *parameters, unsigned attributes,
                struct failure *failure);

/* Gives it a place: an O_PATH descriptor. */
bool mount_attach(int tree, int place, const char *path, struct failure *failure);

/* Puts it on top of "/": to become the root, or for a moment a layer of an overlay. */
bool mount_stand(int tree, struct failure *failure);

/* Makes one mount read-only, not what is below it. */
bool mount_seal(int mount, const char *path, struct failure *failure);
