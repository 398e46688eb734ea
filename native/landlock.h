/*
 * Landlock, where it is asked for: which files of their own root the processes inside may still
 * use, and which processes outside they still reach. It only takes away: a read-only mount stays
 * read-only, whatever is allowed here. It is no namespace: a process that enters later is outside,
 * unless it closes the same.
 */
#pragma once
#include "arguments.h"
#include "failure.h"
#include <stdint.h>

struct landlock {
    bool files;                     /* no file but those below these paths */
    struct string_list read, write; /* absolute, inside */
    uint64_t scopes;                /* LANDLOCK_SCOPE_ bits */
};

/* Adds a scope by its name, abstract-sockets or signals. */
bool landlock_parse_scope(const char *name, uint64_t *scopes, struct failure *failure);

/*
 * Closes all this for the caller and its children: what they did not begin inside is out of reach.
 * Paths are resolved below the directory root; what lies below `tools` (-1: nothing) may be read
 * and run as well. Needs no_new_privs, or CAP_SYS_ADMIN. Does nothing where nothing is to be
 * closed.
 */
bool landlock_close(const struct landlock *landlock, int root, int tools, struct failure *failure);
