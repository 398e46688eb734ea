#include "arguments.h"
#include "cleanup.h"
#include "numbers.h"
#include <errno.h>
#include <string.h>

/* More than any command line that the kernel takes (MAX_ARG_STRINGS is larger, ARG_MAX smaller). */
enum { ARGUMENT_BYTES_MAX = 8 * 1024 * 1024 };

bool string_list_add(struct string_list *list, const char *item, struct failure *failure) {
    char **items = realloc(list->items, (list->count + 2) * sizeof *items);
    if (!items)
        return failed(failure, "options", "realloc", NULL);
    list->items = items;
    items[list->count] = strdup(item);
    items[list->count + 1] = NULL;
    return items[list->count++] || failed(failure, "options", "strdup", NULL);
}

void string_list_free(struct string_list *list) {
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i]);
    free(list->items);
    *list = (struct string_list){0};
}

static bool read_all(int descriptor, char **text, size_t *length, struct failure *failure) {
    size_t room = 0;
    for (;;) {
        if (*length + 1 >= room) {
            room = room ? room * 2 : 16384;
            char *grown = room <= ARGUMENT_BYTES_MAX ? realloc(*text, room) : NULL;
            if (!grown)
                return refused(failure, "options", "--args: more than 8 MiB of arguments");
            *text = grown;
        }
        ssize_t got = read(descriptor, *text + *length, room - *length - 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return failed(failure, "options", "read", "--args");
        if (got == 0)
            break;
        *length += (size_t)got;
    }
    (*text)[*length] = '\0';
    return true;
}

static bool expand(const char *number, struct string_list *arguments, struct failure *failure) {
    cleanup_free char *text = NULL;
    size_t length = 0;
    uint64_t descriptor;
    if (!number || !number_parse(number, INT32_MAX, &descriptor))
        return refused(failure, "options", "--args needs the number of a descriptor");
    if (!read_all((int)descriptor, &text, &length, failure))
        return false;
    close((int)descriptor);
    for (size_t at = 0; at < length; at += strlen(text + at) + 1)
        if (!string_list_add(arguments, text + at, failure))
            return false;
    return true;
}

bool arguments_read(char **argv, struct string_list *arguments, struct failure *failure) {
    bool options = true;
    for (char **argument = argv + 1; argument[-1] && *argument; argument++) {
        if (options && strcmp(*argument, "--args") == 0) {
            if (!expand(*++argument, arguments, failure))
                return false;
            continue;
        }
        /* What follows "--" belongs to the command. */
        if (strcmp(*argument, "--") == 0)
            options = false;
        if (!string_list_add(arguments, *argument, failure))
            return false;
    }
    return true;
}
