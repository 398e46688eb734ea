/* PID 1 of a sandbox. */
#pragma once
#include "options.h"

/* Lives as the first process of the new namespaces; `monitor` is the socket to the outside. */
_Noreturn void init_main(struct options *options, int monitor, char **argv);
