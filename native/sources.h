/* What is bound: the sources of binds and of the root, as trees of mounts (trees.h). */
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
