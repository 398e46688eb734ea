#include "arguments.h"
#include "cleanup.h"
#include "numbers.h"
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

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

static bool expand(const char *number, struct string_list *arguments,
                   struct arguments_source *source, struct failure *failure) {
    uint64_t descriptor;
    if (source->text)
        return refused(failure, "options", "--args may stand there once");
    if (!number || !number_parse(number, INT32_MAX, &descriptor))
        return refused(failure, "options", "--args needs the number of a descriptor");
    if (!read_all((int)descriptor, &source->text, &source->length, failure))
        return false;
    source->descriptor = (int)descriptor;
    for (size_t at = 0; at < source->length; at += strlen(source->text + at) + 1)
        if (!string_list_add(arguments, source->text + at, failure))
            return false;
    return true;
}

bool arguments_read(char **argv, struct string_list *arguments, struct arguments_source *source,
                    struct failure *failure) {
    bool options = true;
    for (char **argument = argv + 1; argument[-1] && *argument; argument++) {
        if (options && strcmp(*argument, "--args") == 0) {
            if (!expand(*++argument, arguments, source, failure))
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

bool arguments_give_back(const struct arguments_source *source, struct failure *failure) {
    if (!source->text)
        return true;
    cleanup_fd int again = memfd_create("arguments", MFD_CLOEXEC);
    if (again < 0)
        return failed(failure, "seal", "memfd_create", NULL);
    if (write(again, source->text, source->length) != (ssize_t)source->length ||
        lseek(again, 0, SEEK_SET) < 0)
        return failed(failure, "seal", "write", "--args");
    /* Over the old one, which is still open, and without CLOEXEC. */
    if (dup2(again, source->descriptor) < 0)
        return failed(failure, "seal", "dup2", "--args");
    return true;
}

void arguments_source_free(struct arguments_source *source) {
    if (source->text)
        close(source->descriptor);
    free(source->text);
    source->text = NULL;
}
