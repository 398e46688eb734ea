#include "proctext.h"
#include "cleanup.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

static bool take_number(const char *line, const char *key, int base, int64_t *number) {
    size_t length = strlen(key);
    char *end;
    if (strncmp(line, key, length) != 0)
        return false;
    *number = strtoll(line + length, &end, base);
    return end != line + length;
}

bool proctext_number(int directory, const char *path, const char *key, int base, int64_t *number) {
    int descriptor = openat(directory, path, O_RDONLY | O_CLOEXEC);
    FILE *file = descriptor < 0 ? NULL : fdopen(descriptor, "r");
    char line[256];
    bool found = false;
    if (!file)
        return false;
    /* A longer line (Groups) comes in parts, none of which begins with a key. */
    while (!found && fgets(line, sizeof line, file))
        found = take_number(line, key, base, number);
    int error = ferror(file) ? errno : ENODATA;
    fclose(file);
    errno = error;
    return found;
}

bool proctext_write(int directory, const char *path, const char *text) {
    cleanup_fd int file = openat(directory, path, O_WRONLY | O_CLOEXEC);
    return file >= 0 && write(file, text, strlen(text)) == (ssize_t)strlen(text);
}

bool proctext_read(int directory, const char *path, char *text, size_t size) {
    cleanup_fd int file = openat(directory, path, O_RDONLY | O_CLOEXEC);
    ssize_t length;
    if (file < 0)
        return false;
    do
        length = read(file, text, size);
    while (length < 0 && errno == EINTR);
    if (length < 0)
        return false;
    if ((size_t)length == size) {
        errno = EOVERFLOW;
        return false;
    }
    text[length] = '\0';
    text[strcspn(text, "\n")] = '\0';
    return true;
}
