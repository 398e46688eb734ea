/* A small file that is nowhere on the host: its text comes with the options. */
#pragma once
#include "failure.h"

/* A detached mount of a read-only file with this text, or -1; for a moment it covers `scratch`. */
int text_mount(int scratch, const char *text, const char *path, struct failure *failure);
