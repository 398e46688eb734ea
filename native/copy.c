#include "copy.h"
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

/* VEOF's default (termios(3)). */
static const char end_of_file = 4;

void channel_open(struct channel *channel, int from, int to, enum channel_kind kind) {
    channel->from = from;
    channel->to = to;
    channel->kind = kind;
    channel->at_end = false;
    channel->begin = channel->end = 0;
}

void channel_close(struct channel *channel) {
    if (channel->kind == OWNS_INPUT && channel->from >= 0)
        close(channel->from);
    if (channel->kind == OWNS_OUTPUT && channel->to >= 0)
        close(channel->to);
    channel->from = channel->to = -1;
}

bool channel_is_open(const struct channel *channel) {
    return channel->from >= 0;
}

static bool is_empty(const struct channel *channel) {
    return channel->begin == channel->end;
}

void channel_watch(const struct channel *channel, struct pollfd *watched) {
    bool open = channel_is_open(channel);
    bool empty = is_empty(channel);
    watched[0] = (struct pollfd){.fd = open && empty ? channel->from : -1, .events = POLLIN};
    watched[1] = (struct pollfd){.fd = open && !empty ? channel->to : -1, .events = POLLOUT};
}

static void reach_end(struct channel *channel) {
    if (channel->kind != INPUT_OF_TERMINAL) {
        channel_close(channel);
        return;
    }
    channel->buffer[0] = end_of_file;
    channel->begin = 0;
    channel->end = 1;
    channel->at_end = true;
}

/* Whether `from` does not block: a terminal's master, a pipe of our own. */
static bool can_gather(const struct channel *channel) {
    return channel->kind == PLAIN || channel->kind == OWNS_INPUT;
}

/*
 * As much as one flush takes: a terminal gives 4 KiB at most, and mostly less, while its other side
 * writes. EIO is its end when that side closed (pty(7)); after some text it is met again.
 */
static void fill(struct channel *channel) {
    ssize_t got;
    channel->begin = channel->end = 0;
    do {
        got = read(channel->from, channel->buffer + channel->end,
                   sizeof channel->buffer - channel->end);
        if (got > 0)
            channel->end += (size_t)got;
    } while (got > 0 && can_gather(channel) && channel->end < PIPE_BUF);
    bool later = got < 0 && (errno == EAGAIN || errno == EINTR);
    if (got <= 0 && !later && is_empty(channel))
        reach_end(channel);
}

/* At most PIPE_BUF at once: what poll calls writable takes that much without blocking. */
static void flush(struct channel *channel) {
    size_t length = channel->end - channel->begin;
    ssize_t put =
        write(channel->to, channel->buffer + channel->begin, length < PIPE_BUF ? length : PIPE_BUF);
    if (put < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (put < 0) {
        channel_close(channel); /* nobody reads any more */
        return;
    }
    channel->begin += (size_t)put;
    if (is_empty(channel) && channel->at_end)
        channel_close(channel);
}

void channel_move(struct channel *channel, const struct pollfd *watched) {
    if (watched[0].fd >= 0 && watched[0].revents)
        fill(channel);
    else if (watched[1].fd >= 0 && watched[1].revents)
        flush(channel);
}
