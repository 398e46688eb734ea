/* The one-shot socket on which a session waits for `launcher attach`. */
#pragma once
#include "options.h"

struct listener {
    int socket;    /* -1: none */
    int directory; /* the directory that holds it */
    const char *name;
};

/* Makes the socket, mode 0600, owned as --owner says. */
bool listener_open(struct listener *listener, const struct options *options,
                   struct failure *failure);

/* Accepts the connection that waits; *client: it, or -1 where the peer may not attach. */
bool listener_accept(struct listener *listener, const struct options *options, int *client,
                     struct failure *failure);

/* Closes and unlinks. */
void listener_close(struct listener *listener);

/* Connects to such a socket, checking that it is root or the own user who listens. -1: failure. */
int listener_connect(const char *path, struct failure *failure);
