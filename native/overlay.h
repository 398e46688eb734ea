/* Overlay file systems (the kernel's Documentation/filesystems/overlayfs.rst). */
#pragma once
#include "failure.h"

/*
 * A detached, read-only overlay over `lower`, an id-mapped mount of the host's: it shows every
 * owner, and opens nothing that a stranger on the host could not open. -1 with the failure
 * recorded.
 */
int overlay_view(int lower, struct failure *failure);

/* Refuses a directory (O_PATH) for a layer whose file system anybody but this kernel may write to.
 */
bool overlay_check_layer(int place, const char *path, struct failure *failure);

/*
 * A detached, writable overlay over `lower`, the descriptor of a directory. What is written goes
 * into `layer`, a detached mount, which gets the directories upper and work. -1 with the failure
 * recorded.
 */
int overlay_writable(int lower, int layer, struct failure *failure);
