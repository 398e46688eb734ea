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
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static int fail(const struct failure *failure) {
    failure_print(failure);
    return EXIT_LAUNCHER_FAILED;
}

/* What joins a sandbox can neither be written to from there nor hold what the caller leaked. */
static bool isolate(const struct options *options, struct arguments_source *source, char **argv,
                    struct failure *failure) {
    if (!sealed_if_needed(options, source, argv, failure))
        return false;
    arguments_source_free(source);
    if (!descriptors_close_from(3, true, failure))
        return false;
    prctl(PR_SET_NAME, "launcher", 0, 0, 0); /* and not memfd:launcher */
    return true;
}

static int run_command(int command, const struct string_list *arguments,
                       struct arguments_source *source, char **argv) {
    struct options options;
    struct failure failure = {0};
    int code = EXIT_LAUNCHER_FAILED;
    bool parsed = options_parse(&options, command, arguments->items + 1, &failure);
    if (parsed && isolate(&options, source, argv, &failure)) {
        code = command == COMMAND_RUN ? run(&options, argv) : enter(&options);
    } else {
        status_failure(options.status, &failure);
        if (options.status < 0)
            failure_print(&failure);
        if (parsed)
            run_abandon(&options);
        status_exit(options.status, (struct ending){.code = code});
    }
    options_free(&options);
    return code;
}

static int dispatch(const struct string_list *arguments, struct arguments_source *source,
                    char **argv) {
    struct failure failure = {0};
    const char *command = arguments->count > 0 ? arguments->items[0] : "--help";
    if (strcmp(command, "run") == 0)
        return run_command(COMMAND_RUN, arguments, source, argv);
    if (strcmp(command, "enter") == 0)
        return run_command(COMMAND_ENTER, arguments, source, argv);
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

int main(int argc, char **argv) {
    struct failure failure = {0};
    struct string_list arguments = {0};
    struct arguments_source source = {0};
    (void)argc;
    signal(SIGPIPE, SIG_IGN);
    if (!descriptors_ensure_standard(&failure) ||
        !arguments_read(argv, &arguments, &source, &failure))
        return fail(&failure);
    int code = dispatch(&arguments, &source, argv);
    arguments_source_free(&source);
    string_list_free(&arguments);
    return code;
}
