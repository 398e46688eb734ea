/* Bytes from one descriptor to another, without blocking and without losing any. */
#pragma once
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

enum channel_kind {
    PLAIN,             /* both descriptors belong to somebody else; `from` must not block */
    OWNS_INPUT,        /* `from`, which must not block, is closed with the channel */
    OWNS_OUTPUT,       /* `to` is closed with the channel: its reader sees the end */
    INPUT_OF_TERMINAL, /* at the end of `from` the terminal `to` gets its end-of-file character */
};

struct channel {
    int from, to; /* both -1: closed */
    enum channel_kind kind;
    bool at_end; /* `from` has no more */
    size_t begin, end;
    char buffer[65536];
};

#define CHANNEL_CLOSED                                                                             \
    { .from = -1, .to = -1 }

void channel_open(struct channel *channel, int from, int to, enum channel_kind kind);
void channel_close(struct channel *channel);
bool channel_is_open(const struct channel *channel);

/* Fills two pollfds: what the channel waits for. */
void channel_watch(const struct channel *channel, struct pollfd *watched);

/* Moves what can be moved, by the answer of poll. */
void channel_move(struct channel *channel, const struct pollfd *watched);
