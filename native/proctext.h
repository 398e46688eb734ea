/* Single numbers in files of /proc. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The number behind `key` at the beginning of a line; key "": the file's first. False with errno,
 * ENODATA where there is none.
 */
bool proctext_number(int directory, const char *path, const char *key, int base, int64_t *number);

/* Writes in one call. False with errno. */
bool proctext_write(int directory, const char *path, const char *text);

/* Reads the whole of a short file, which must fit; its end is cut off. False with errno. */
bool proctext_read(int directory, const char *path, char *text, size_t size);
