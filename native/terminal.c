#include "terminal.h"
#include <errno.h>
#include <sys/ioctl.h>
#include <unistd.h>

bool terminal_is(int descriptor) {
    return isatty(descriptor) || (errno != ENOTTY && errno != EINVAL && errno != EBADF);
}

void terminal_make_raw(struct terminal_mode *mode) {
    mode->changed = tcgetattr(STDIN_FILENO, &mode->before) == 0;
    if (!mode->changed)
        return;
    struct termios raw = mode->before;
    cfmakeraw(&raw);
    tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
}

void terminal_restore(const struct terminal_mode *mode) {
    if (mode->changed)
        tcsetattr(STDIN_FILENO, TCSADRAIN, &mode->before);
}

void terminal_copy_size(int master) {
    struct winsize size;
    if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0 || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
        ioctl(master, TIOCSWINSZ, &size);
}
