#include "spawn.h"
#include "capabilities.h"
#include "cleanup.h"
#include <fcntl.h>

/* A pipe takes 64 KiB before it blocks; a failure has five. */
static _Noreturn void become_command(const struct execution *execution, int pipe) {
    struct failure failure = {0};
    int code = EXIT_CANNOT_EXECUTE;
    /* A supervisor holds what its commands get, but not as effective. */
    if (capabilities_raise(&failure))
        code = execute(execution, &failure);
    ssize_t ignored = write(pipe, &failure, sizeof failure);
    (void)ignored;
    _exit(code);
}

/* exec closes the child's end: nothing to read says that it worked. */
static bool read_failure(int pipe, struct failure *failure) {
    size_t length = 0;
    for (ssize_t got = 1; got != 0 && length < sizeof *failure;) {
        got = read(pipe, (char *)failure + length, sizeof *failure - length);
        if (got < 0 && errno != EINTR)
            break;
        length += got > 0 ? (size_t)got : 0;
    }
    return length > 0;
}

pid_t spawn(const struct execution *execution, bool *executed, struct failure *failure) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) {
        failed(failure, "exec", "pipe2", NULL);
        return -1;
    }
    pid_t child = fork();
    if (child == 0)
        become_command(execution, ends[1]);
    if (child < 0)
        failed(failure, "exec", "fork", NULL);
    close(ends[1]);
    *executed = child > 0 && !read_failure(ends[0], failure);
    close(ends[0]);
    return child;
}
