#include "window.h"
#include <stdio.h>
#include <string.h>

/* Where it stands, or would. There is always a free slot: half of them at least. */
static struct seen *slot_of(struct window *window, pid_t pid) {
    size_t slot = (size_t)pid % WINDOW_SLOTS;
    while (window->seen[slot].pid != 0 && window->seen[slot].pid != pid)
        slot = (slot + 1) % WINDOW_SLOTS;
    return &window->seen[slot];
}

/* NULL when there is no room for one more. */
static struct seen *see(struct window *window, pid_t pid, bool is_news) {
    struct seen *seen = slot_of(window, pid);
    if (seen->pid == pid)
        return seen;
    if (window->count == WINDOW_MOST) {
        window->is_full = true;
        return NULL;
    }
    window->count++;
    *seen = (struct seen){.pid = pid, .is_news = is_news};
    return seen;
}

void window_born(struct window *window, pid_t pid) {
    struct seen *seen = see(window, pid, true);
    if (seen)
        seen->is_over = false;
}

void window_changed(struct window *window, pid_t pid) {
    see(window, pid, false);
}

void window_ended(struct window *window, pid_t pid) {
    struct seen *seen = see(window, pid, false);
    if (seen)
        seen->is_over = seen->is_news;
}

size_t window_write(struct window *window, char *text, size_t size) {
    size_t length = 0;
    if (window->is_full)
        length = (size_t)snprintf(text, size, "*");
    for (size_t slot = 0; slot < WINDOW_SLOTS && !window->is_full; slot++) {
        const struct seen *seen = &window->seen[slot];
        if (seen->pid == 0 || seen->is_over)
            continue;
        const char *before = length == 0 ? "p " : " ";
        length += (size_t)snprintf(text + length, size - length, "%s%d", before, seen->pid);
    }
    if (length > 0)
        text[length++] = '\n';
    memset(window, 0, sizeof *window);
    return length;
}
