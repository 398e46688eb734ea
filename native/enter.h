/* `launcher enter` */
#pragma once
#include "options.h"

/* Starts a command in the namespaces of a running process; returns the exit code. */
int enter(struct options *options);
