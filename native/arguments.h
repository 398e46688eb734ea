/* The command line as one vector on the heap, with --args FD expanded. */
#pragma once
#include "failure.h"
#include <stddef.h>

struct string_list {
    char **items; /* ends with a null pointer as soon as one item was added */
    size_t count;
};

/* What was read from the descriptor of --args; text is null where none was given. */
struct arguments_source {
    int descriptor;
    char *text;
    size_t length;
};

/* Adds a copy. */
bool string_list_add(struct string_list *list, const char *item, struct failure *failure);

void string_list_free(struct string_list *list);

/*
 * Copies argv[1..] and puts the NUL-separated strings of --args FD, which may stand there once, in
 * its place. The copy matters: init overwrites its argv so that `ps` inside does not show the
 * host's paths.
 */
bool arguments_read(char **argv, struct string_list *arguments, struct arguments_source *source,
                    struct failure *failure);

/* Makes the descriptor of --args readable from its beginning, for who executes this program again.
 */
bool arguments_give_back(const struct arguments_source *source, struct failure *failure);

void arguments_source_free(struct arguments_source *source);
