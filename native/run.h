/* `launcher run` */
#pragma once
#include "options.h"

/* The whole life of a sandbox; returns the exit code. */
/* Removes what was given to a sandbox that cannot begin: its state directory and cgroups. */
void run_abandon(const struct options *options);

int run(struct options *options, char **argv);
