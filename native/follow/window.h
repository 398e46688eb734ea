/* The processes of which something was told within one window of time, each once. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* More in one window are "all of them": a list of that length is dearer than a look at every process. */
enum { WINDOW_MOST = 2048, WINDOW_SLOTS = 2 * WINDOW_MOST };

struct seen {
    pid_t pid; /* 0: free */
    bool is_news; /* it was not there before this window */
    bool is_over; /* and is no more */
};

/* A hash table with open addressing. */
struct window {
    struct seen seen[WINDOW_SLOTS];
    size_t count;
    bool is_full;
};

void window_born(struct window *window, pid_t pid);
void window_changed(struct window *window, pid_t pid);
/* Of a process that was born in this window, too, nobody needs to hear. */
void window_ended(struct window *window, pid_t pid);

/* "p PID PID …\n", "*\n" when they are too many, or nothing: the length. Empties the window. */
size_t window_write(struct window *window, char *text, size_t size);

/* Room for the longest line: each pid has up to seven digits (PID_MAX_LIMIT). */
enum { WINDOW_TEXT = 8 * WINDOW_MOST + 8 };
