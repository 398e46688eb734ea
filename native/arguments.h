/* The command line as one vector on the heap, with --args FD expanded. */
#pragma once
#include "failure.h"
#include <stddef.h>

struct string_list {
    char **items; /* ends with a null pointer as soon as one item was added */
    size_t count;
};

/* Adds a copy. */
bool string_list_add(struct string_list *list, const char *item, struct failure *failure);

void string_list_free(struct string_list *list);

/*
 * Copies argv[1..] and puts the NUL-separated strings of every --args FD in its place. The copy
 * matters: init overwrites its argv so that `ps` inside does not show the host's paths.
 */
bool arguments_read(char **argv, struct string_list *arguments, struct failure *failure);
