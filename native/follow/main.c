/*
 * Tells on standard output of what happens on this machine, a line at a time, for a reader that could
 * not wait for it by itself (Node can neither read netlink nor poll for POLLPRI):
 *
 *   processes            from now on each change of a process is told
 *   no processes ERRNO   they are not told to us; mounts are
 *   p PID PID …          these are new, changed or gone
 *   *                    any of them may be
 *   m                    something was mounted or unmounted in our mount namespace
 *
 * However much happens, a line comes at most every WINDOW_MS + PAUSE_MS: what comes meanwhile waits in the
 * kernel, and each process is named once. What comes first after a while is told sooner: somebody may be waiting
 * for just that. Ends when nobody reads its output any more.
 */
#include "connector.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* fork, execve and the first change of name are one event for a reader: they come within this, or nearly always. */
enum { WINDOW_MS = 3, FIRST_MS = 1, PAUSE_MS = 7, QUIET_MS = 40 };
enum { MS_PER_S = 1000, NS_PER_MS = 1000 * 1000 };

enum { EVENTS, MOUNTS, READER, SOURCES };

static void rest(long milliseconds) {
    struct timespec time = {.tv_nsec = milliseconds * NS_PER_MS};
    while (nanosleep(&time, &time) < 0 && errno == EINTR)
        continue;
}

static long now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * MS_PER_S + now.tv_nsec / NS_PER_MS;
}

static bool tell(const char *text, size_t length) {
    while (length > 0) {
        ssize_t written = write(STDOUT_FILENO, text, length);
        if (written < 0 && errno != EINTR)
            return false;
        if (written > 0) {
            text += written;
            length -= (size_t)written;
        }
    }
    return true;
}

static bool tell_what_is_told(int connector) {
    char line[64];
    int length = connector < 0 ? snprintf(line, sizeof line, "no processes %d\n", errno)
                               : snprintf(line, sizeof line, "processes\n");
    return tell(line, (size_t)length);
}

static bool tell_processes(int connector, struct window *window) {
    char text[WINDOW_TEXT];
    bool whole = connector_drain(connector, window);
    size_t length = window_write(window, text, sizeof text);
    return whole ? tell(text, length) : tell("*\n", 2);
}

/* False when the reader has gone. */
static bool tell_next(struct pollfd *sources, struct window *window) {
    long since = now_ms();
    if (poll(sources, SOURCES, -1) < 0)
        return errno == EINTR;
    if (sources[READER].revents)
        return false;
    rest(now_ms() - since < QUIET_MS ? WINDOW_MS : FIRST_MS);
    if (sources[EVENTS].revents && !tell_processes(sources[EVENTS].fd, window))
        return false;
    if (sources[MOUNTS].revents && !tell("m\n", 2))
        return false;
    rest(PAUSE_MS);
    return true;
}

int main(void) {
    static struct window window;
    int connector = connector_open();
    if (!tell_what_is_told(connector))
        return 0;
    struct pollfd sources[SOURCES] = {
        [EVENTS] = {.fd = connector, .events = POLLIN},
        [MOUNTS] = {.fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC), .events = POLLPRI},
        /* No event is asked for: that the other end is closed is always told. */
        [READER] = {.fd = STDOUT_FILENO},
    };
    while (tell_next(sources, &window))
        continue;
    return 0;
}
