/* `launcher run` */
#pragma once
#include "options.h"

/* The whole life of a sandbox; returns the exit code. */
int run(struct options *options, char **argv);
