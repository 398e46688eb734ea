/* The user's own terminal: descriptor 0. */
#pragma once
#include <stdbool.h>
#include <termios.h>

/* A terminal that was hung up answers EIO, and is one all the same (CVE-2017-5226). */
bool terminal_is(int descriptor);

struct terminal_mode {
    bool changed;
    struct termios before;
};

/* Raw mode where stdin is a terminal; saves what was before. */
void terminal_make_raw(struct terminal_mode *mode);
void terminal_restore(const struct terminal_mode *mode);

/* Gives a pty the window size of stdin, or of stdout; nothing where neither is a terminal. */
void terminal_copy_size(int master);
