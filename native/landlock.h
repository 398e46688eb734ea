/*
 * Landlock's scopes: which processes outside the processes inside still reach. For whoever shares
 * the network or pid namespace with them: a sandbox with its own has nobody to reach, and a process
 * that enters it later would count as outside, so that `run` closes none unless it is asked.
 */
#pragma once
#include "failure.h"
#include <stdint.h>

/* Adds a scope by its name, abstract-sockets or signals, to a set of LANDLOCK_SCOPE_ bits. */
bool landlock_parse(const char *name, uint64_t *scopes, struct failure *failure);

/*
 * Closes these scopes for the caller and its children: what they did not begin inside is out of
 * reach. Needs no_new_privs, or CAP_SYS_ADMIN. Does nothing for an empty set.
 */
bool landlock_close(uint64_t scopes, struct failure *failure);
