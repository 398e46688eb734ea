/*
 * What is mounted: detached mounts, with their attributes, and giving them a place. On a kernel
 * that cannot, they stand in a private place meanwhile (staging.h).
 */
#pragma once
#include "options.h"

/*
 * Opens the source of a bind as a detached copy: nosuid, nodev, private, read-only where asked.
 * user_namespace: a descriptor whose id map the copy gets (id-mapped binds), or -1.
 */
bool source_open(struct mount_spec *mount, int user_namespace, struct failure *failure);

/* Opens the sources of all binds, and of the root, that the monitor did not send, and makes views.
 */
bool sources_open(struct options *options, struct failure *failure);

/* A detached copy of what `place` (O_PATH) names and all below, with MOUNT_ATTR_* attributes added.
 */
int source_copy(int place, unsigned attributes, const char *path, struct failure *failure);

/* A new, detached file system: its type, "key=value" parameters and mount attributes. */
int source_create(const char *type, const char *const *parameters, unsigned attributes,
                  struct failure *failure);

/* Attaches a detached mount on an O_PATH descriptor. */
bool mount_attach(int tree, int place, const char *path, struct failure *failure);

/* Puts a mount on top of "/": to become the root, or for a moment a layer of an overlay. */
bool mount_stand(int tree, struct failure *failure);

/* Makes one mount read-only, not what is below it. */
bool mount_seal(int mount, const char *path, struct failure *failure);
