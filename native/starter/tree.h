/* The files of an installation, and the directories above them. */
#pragma once
#include "manifest.h"

/*
 * Opens the directory of the running program, after a look at it and at each one above: root's, and
 * writable by nobody else. -1 with a failure. `path` gets its name.
 */
int tree_open_home(char path[PATH_MAX], struct failure *failure);

/* Reads the manifest, which is root's as well. */
bool tree_read_manifest(int home, struct manifest *manifest, struct failure *failure);

/* Owner, mode and size of each entry, and that there is nothing else; leaves the files open. */
bool tree_check(int home, struct manifest *manifest, struct failure *failure);
