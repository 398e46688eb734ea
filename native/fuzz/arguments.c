/*
 * A libFuzzer target for what the launcher reads before anything is checked: the text of --args and
 * the options in it. Whatever it is, the answer is options that can be freed, or one failure that
 * says what is wrong; sanitizers see to the rest. `make -C native fuzz` builds it.
 */
#include "../cleanup.h"
#include "../options.h"
#include "../status.h"
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

static void demand(bool holds, const char *what) {
    if (holds)
        return;
    fprintf(stderr, "not so: %s\n", what);
    abort();
}

static int file_with(const void *text, size_t length) {
    int file = memfd_create("fuzz", MFD_CLOEXEC);
    demand(file >= 0 && write(file, text, length) == (ssize_t)length, "a memfd takes the text");
    lseek(file, 0, SEEK_SET);
    return file;
}

/* One line of JSON, whatever bytes were in the arguments: no control character goes through. */
static void check_event(const struct failure *failure) {
    cleanup_fd int file = file_with("", 0);
    char line[8 * sizeof *failure];
    status_failure(file, failure);
    ssize_t length = pread(file, line, sizeof line, 0);
    demand(length > 2 && memcmp(line + length - 2, "}\n", 2) == 0, "the event is whole");
    for (ssize_t i = 0; i < length - 1; i++)
        demand((unsigned char)line[i] >= ' ' && line[i] != 0x7f, "the event is one line");
}

static void check_failure(const struct failure *failure) {
    demand(failure->stage[0] != '\0', "a failure names its stage");
    demand(failure->hint[0] || failure->call[0], "a failure says what is wrong");
    check_event(failure);
}

static void check_options(const struct options *options) {
    bool command = options->arguments && options->arguments[0];
    demand(command != (options->processes.count > 0), "there is one command, or there are several");
    for (size_t i = 0; i < options->mount_count; i++)
        demand(options->mounts[i].target[0] == '/', "a mount's target is absolute");
    for (size_t i = 0; i < options->environment.count; i++)
        demand(strchr(options->environment.items[i], '=') != NULL, "a variable has a value");
}

static void try_options(int command, char **arguments) {
    struct options options;
    struct failure failure = {0};
    if (options_parse(&options, command, arguments, &failure))
        check_options(&options);
    else
        check_failure(&failure);
    options_free(&options);
}

/* arguments_source_free closes the descriptor where it was read. */
static void try_text(const uint8_t *text, size_t length) {
    char number[16];
    struct string_list arguments = {0};
    struct arguments_source source = {0};
    struct failure failure = {0};
    int file = file_with(text, length);
    snprintf(number, sizeof number, "%d", file);
    char *argv[] = {"launcher", "run", "--args", number, NULL};
    demand(arguments_read(argv, &arguments, &source, &failure), "any text is a list of strings");
    try_options(COMMAND_RUN, arguments.items + 1);
    try_options(COMMAND_ENTER, arguments.items + 1);
    arguments_source_free(&source);
    string_list_free(&arguments);
}

int LLVMFuzzerTestOneInput(const uint8_t *text, size_t length);
int LLVMFuzzerTestOneInput(const uint8_t *text, size_t length) {
    try_text(text, length);
    return 0;
}
