/*
 * What an installation consists of: the file `manifest` in its directory, which the installer wrote
 * (helper/install/manifest.ts). One row a line, what is named stands last:
 *
 *   terrarium-manifest 1
 *   runtime node                      what runs the helper; an Electron lies in electron/
 *   directory 0755 bin
 *   file 0755 126595440 node
 *   piece 9f86d0…                     SHA-256 of its next PIECE_BYTES, in order
 *   end 60303a…                       SHA-256 of all that stands above
 */
#pragma once
#include "../failure.h"
#include <stddef.h>
#include <sys/types.h>

#define MANIFEST "manifest"

enum {
    /* Small enough that the pieces of one large file keep several processors busy. */
    PIECE_BYTES = 4 << 20,
    DIGEST_BYTES = 32,
    MOST_ENTRIES = 1024,
    MOST_PIECES = 4096,
};

struct entry {
    const char *name; /* below the directory of the installation */
    mode_t mode;      /* permission bits */
    bool directory;
    off_t size;
    size_t first_piece;
    int descriptor; /* of an open file, while it is being checked */
};

struct manifest {
    char *text;
    const char *runtime;
    struct entry entries[MOST_ENTRIES];
    size_t entry_count;
    unsigned char pieces[MOST_PIECES][DIGEST_BYTES];
    size_t piece_count;
};

/* How many pieces a file of that size has. */
size_t manifest_pieces(off_t size);

/* Takes over `text` (NUL-terminated, `size` bytes), which it changes. */
bool manifest_parse(struct manifest *manifest, char *text, size_t size, struct failure *failure);

/* Whether something of that name belongs there. */
bool manifest_lists(const struct manifest *manifest, const char *name);
