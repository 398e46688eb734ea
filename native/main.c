/*
 * The launcher makes sandboxes (run), enters processes' namespaces (enter) and connects terminals
 * to either (attach). It has no policy: it does what its arguments say.
 */
#include "arguments.h"
#include "attach.h"
#include "descriptors.h"
#include "enter.h"
#include "failure.h"
#include "options.h"
#include "run.h"
#include "sealed.h"
#include "status.h"
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static int fail(const struct failure *failure) {
    failure_print(failure);
    return EXIT_LAUNCHER_FAILED;
}

static int run_command(int command, const struct string_list *arguments, char **argv) {
    struct options options;
    struct failure failure = {0};
    int code = EXIT_LAUNCHER_FAILED;
    if (options_parse(&options, command, arguments->items + 1, &failure)) {
        code = command == COMMAND_RUN ? run(&options, argv) : enter(&options);
    } else {
        status_failure(options.status, &failure);
        if (options.status < 0)
            failure_print(&failure);
    }
    options_free(&options);
    return code;
}

static int dispatch(const struct string_list *arguments, char **argv) {
    struct failure failure = {0};
    const char *command = arguments->count > 0 ? arguments->items[0] : "--help";
    if (strcmp(command, "run") == 0)
        return run_command(COMMAND_RUN, arguments, argv);
    if (strcmp(command, "enter") == 0)
        return run_command(COMMAND_ENTER, arguments, argv);
    if (strcmp(command, "attach") == 0 && arguments->count == 2)
        return attach(arguments->items[1]);
    if (strcmp(command, "--version") == 0)
        return puts("launcher " LAUNCHER_VERSION) < 0;
    if (strcmp(command, "--help") == 0) {
        options_print();
        return 0;
    }
    refused(&failure, "options",
            "usage: launcher run|enter OPTIONS -- COMMAND... | launcher attach "
            "SOCKET | launcher --help");
    return fail(&failure);
}

/* What joins a sandbox must not be reachable from there as a file; attach never goes in. */
static bool seal(char **argv, struct failure *failure) {
    bool stays_outside = argv[1] && strcmp(argv[1], "attach") == 0;
    if (!stays_outside && !run_sealed(argv, failure))
        return false;
    prctl(PR_SET_NAME, "launcher", 0, 0, 0); /* and not memfd:launcher */
    return true;
}

int main(int argc, char **argv) {
    struct failure failure = {0};
    struct string_list arguments = {0};
    (void)argc;
    signal(SIGPIPE, SIG_IGN);
    if (!descriptors_ensure_standard(&failure) || !seal(argv, &failure) ||
        !arguments_read(argv, &arguments, &failure))
        return fail(&failure);
    /* What the caller leaked to us must not travel on by any exec. */
    close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
    int code = dispatch(&arguments, argv);
    string_list_free(&arguments);
    return code;
}
