#include "spawn.h"
#include "capabilities.h"
#include <unistd.h>

/* A supervisor holds what its commands get, but not as effective. */
static _Noreturn void become_command(const struct execution *execution, bool *executed,
                                     struct failure *failure) {
    int code = EXIT_CANNOT_EXECUTE;
    if (capabilities_raise(failure))
        code = execute(execution, failure);
    *executed = false;
    _exit(code);
}

/*
 * Linux's vfork(2): the child has our memory until it executes the command, and we wait so long. No
 * page tables are copied, and what went wrong is where the caller looks for it. Descriptors, signal
 * handlers, umask and credentials are the child's own.
 */
pid_t spawn(const struct execution *execution, bool *executed, struct failure *failure) {
    *executed = true;
    pid_t child = vfork();
    if (child == 0)
        become_command(execution, executed, failure);
    if (child < 0) {
        *executed = false;
        failed(failure, "exec", "vfork", NULL);
    }
    return child;
}
