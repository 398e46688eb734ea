/* Overlay file systems (the kernel's Documentation/filesystems/overlayfs.rst). */
#pragma once
#include "failure.h"

/*
 * A detached, read-only overlay over `lower`, an id-mapped mount of the host's: it shows every
 * owner, and opens nothing that a stranger on the host could not open. -1 with the failure
 * recorded.
 */
int overlay_view(int lower, struct failure *failure);
