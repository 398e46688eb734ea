/* MOUNT_ATTR_RDONLY, NOSUID, NODEV and NOEXEC by mount(2), on kernels without mount_setattr(2). */
#pragma once
#include "failure.h"

/* Adds attributes to the one mount whose root the descriptor is, and looks whether it has them. */
bool restrict_mount(int mount, unsigned attributes, const char *path, struct failure *failure);

/*
 * The same for all mounts below, too, of a tree in a private place. False where one of them cannot
 * be reached, or is not private.
 */
bool restrict_tree(int tree, unsigned attributes, const char *path, struct failure *failure);
