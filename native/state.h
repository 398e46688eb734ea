/* The sandbox's state directory, which ends with it although no helper may be running then. */
#pragma once
#include "options.h"
#include "status.h"

struct state {
    int parent;    /* the directory that holds it; -1: no --state-dir */
    int directory; /* the state directory */
    const char *name;
};

bool state_open(struct state *state, const struct options *options, struct failure *failure);

/* Writes a file there, one line. Temporary file and rename: a reader sees the old one or the new.
 */
void state_write(int directory, const char *name, const char *json);

/* Removes it, or with --keep-state leaves it, with exit.json where there is an ending: where it
 * ran.
 */
void state_finish(struct state *state, const struct options *options, const struct ending *ending);
