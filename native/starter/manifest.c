#include "manifest.h"
#include "digest.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char heading[] = "terrarium-manifest 1\n";

static bool is_unreadable(struct failure *failure, const char *line) {
    return refused(failure, "manifest", "the manifest has a line that nobody wrote: %.60s", line);
}

static bool parse_digest(const char *text, unsigned char digest[DIGEST_BYTES]) {
    if (strspn(text, "0123456789abcdef") != 2 * DIGEST_BYTES || text[2 * DIGEST_BYTES])
        return false;
    for (int i = 0; i < DIGEST_BYTES; i++) {
        char byte[3] = {text[2 * i], text[2 * i + 1], 0};
        digest[i] = (unsigned char)strtoul(byte, NULL, 16);
    }
    return true;
}

/* The installer gives plain names only: nothing leads up, out, or through an empty name. */
static bool is_plain(const char *name) {
    const char *allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/";
    return name[0] && name[0] != '.' && name[0] != '/' && !name[strspn(name, allowed)] &&
           !strstr(name, "/.") && !strstr(name, "//");
}

size_t manifest_pieces(off_t size) {
    return ((size_t)size + PIECE_BYTES - 1) / PIECE_BYTES;
}

/* A file's pieces come before the next entry. */
static bool last_is_whole(const struct manifest *manifest) {
    if (manifest->entry_count == 0)
        return true;
    const struct entry *last = &manifest->entries[manifest->entry_count - 1];
    return manifest->piece_count == last->first_piece + manifest_pieces(last->size);
}

static bool add_entry(struct manifest *manifest, struct entry entry) {
    if (manifest->entry_count == MOST_ENTRIES || !is_plain(entry.name) || !last_is_whole(manifest))
        return false;
    entry.first_piece = manifest->piece_count;
    entry.descriptor = -1;
    manifest->entries[manifest->entry_count++] = entry;
    return true;
}

static bool take_runtime(struct manifest *manifest, char *rest) {
    manifest->runtime = rest;
    return is_plain(rest);
}

static bool take_directory(struct manifest *manifest, char *rest) {
    struct entry entry = {.directory = true};
    entry.mode = (mode_t)strtoul(rest, &rest, 8);
    entry.name = *rest == ' ' ? rest + 1 : "";
    return add_entry(manifest, entry);
}

static bool take_file(struct manifest *manifest, char *rest) {
    struct entry entry = {.directory = false};
    entry.mode = (mode_t)strtoul(rest, &rest, 8);
    entry.size = (off_t)strtoll(rest, &rest, 10);
    entry.name = *rest == ' ' ? rest + 1 : "";
    return entry.size >= 0 && entry.size <= (off_t)MOST_PIECES * PIECE_BYTES &&
           add_entry(manifest, entry);
}

static bool take_piece(struct manifest *manifest, char *rest) {
    return manifest->piece_count < MOST_PIECES && !last_is_whole(manifest) &&
           parse_digest(rest, manifest->pieces[manifest->piece_count++]);
}

static const struct row {
    const char *keyword;
    bool (*take)(struct manifest *manifest, char *rest);
} rows[] = {
    {"runtime ", take_runtime},
    {"directory ", take_directory},
    {"file ", take_file},
    {"piece ", take_piece},
};

static bool take_line(struct manifest *manifest, char *line) {
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t length = strlen(rows[i].keyword);
        if (strncmp(line, rows[i].keyword, length) == 0)
            return rows[i].take(manifest, line + length);
    }
    return false;
}

/* The last line says what the others were: a manifest that was cut short or touched has none that
 * fits. */
static char *end_of_rows(char *text, size_t size) {
    static const char keyword[] = "\nend ";
    enum { LAST_LINE = sizeof keyword - 1 + 2 * DIGEST_BYTES + 1 };
    unsigned char expected[DIGEST_BYTES], found[DIGEST_BYTES];
    if (size < LAST_LINE + sizeof heading || strlen(text) != size || text[size - 1] != '\n')
        return NULL;
    char *last = text + size - LAST_LINE;
    if (strncmp(last, keyword, sizeof keyword - 1) != 0)
        return NULL;
    text[size - 1] = '\0';
    digest_memory(text, (size_t)(last + 1 - text), found);
    if (!parse_digest(last + sizeof keyword - 1, expected))
        return NULL;
    return memcmp(found, expected, DIGEST_BYTES) == 0 ? last + 1 : NULL;
}

bool manifest_parse(struct manifest *manifest, char *text, size_t size, struct failure *failure) {
    manifest->text = text;
    char *end = end_of_rows(text, size);
    if (!end || strncmp(text, heading, sizeof heading - 1) != 0)
        return refused(failure, "manifest", "its manifest is not whole, or was changed");
    *end = '\0';
    char *next;
    for (char *line = text + sizeof heading - 1; *line; line = next + 1) {
        next = line + strcspn(line, "\n");
        bool ends = *next == '\n';
        *next = '\0';
        if (!ends || !take_line(manifest, line))
            return is_unreadable(failure, line);
    }
    if (!manifest->runtime || !last_is_whole(manifest))
        return refused(failure, "manifest", "its manifest names no runtime, or not all of a file");
    return true;
}

bool manifest_lists(const struct manifest *manifest, const char *name) {
    if (strcmp(name, MANIFEST) == 0)
        return true;
    for (size_t i = 0; i < manifest->entry_count; i++)
        if (strcmp(manifest->entries[i].name, name) == 0)
            return true;
    return false;
}
