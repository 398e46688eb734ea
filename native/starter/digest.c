#include "digest.h"
#include <errno.h>
#include <openssl/sha.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

enum { MOST_THREADS = 8, BUFFER_BYTES = 128 << 10 };

/* Pieces are taken one after the other, by whoever is free. */
struct work {
    const struct manifest *manifest;
    atomic_size_t next;
    /* Of an entry that differs, and the errno where it could not be read; the first that is found.
     */
    atomic_size_t bad;
    atomic_int error;
};

void digest_memory(const void *bytes, size_t size, unsigned char digest[DIGEST_BYTES]) {
    SHA256_CTX context;
    SHA256_Init(&context);
    SHA256_Update(&context, bytes, size);
    SHA256_Final(digest, &context);
}

/* To the end of the piece or of the file; a file that is longer than it was has other pieces. */
static bool digest_piece(int descriptor, off_t offset, unsigned char digest[DIGEST_BYTES]) {
    char buffer[BUFFER_BYTES];
    SHA256_CTX context;
    SHA256_Init(&context);
    for (off_t end = offset + PIECE_BYTES; offset < end;) {
        ssize_t count = pread(descriptor, buffer, sizeof buffer, offset);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return false;
        if (count == 0)
            break;
        SHA256_Update(&context, buffer, (size_t)count);
        offset += count;
    }
    SHA256_Final(digest, &context);
    return true;
}

static size_t entry_of(const struct manifest *manifest, size_t piece) {
    size_t entry = 0;
    while (piece >=
           manifest->entries[entry].first_piece + manifest_pieces(manifest->entries[entry].size))
        entry++;
    return entry;
}

static bool piece_is_right(struct work *work, size_t piece, const struct entry *entry) {
    unsigned char digest[DIGEST_BYTES];
    off_t offset = (off_t)(piece - entry->first_piece) * PIECE_BYTES;
    if (!digest_piece(entry->descriptor, offset, digest)) {
        atomic_store(&work->error, errno);
        return false;
    }
    return memcmp(digest, work->manifest->pieces[piece], DIGEST_BYTES) == 0;
}

static void *take_pieces(void *argument) {
    struct work *work = argument;
    const struct manifest *manifest = work->manifest;
    for (size_t piece; (piece = atomic_fetch_add(&work->next, 1)) < manifest->piece_count;) {
        size_t entry = entry_of(manifest, piece);
        if (piece_is_right(work, piece, &manifest->entries[entry]))
            continue;
        atomic_store(&work->bad, entry);
        atomic_store(&work->next, manifest->piece_count);
    }
    return NULL;
}

static int usable_processors(void) {
    cpu_set_t set;
    int count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return count > MOST_THREADS ? MOST_THREADS : count;
}

bool digest_check(const struct manifest *manifest, struct failure *failure) {
    struct work work = {.manifest = manifest, .bad = MOST_ENTRIES};
    pthread_t others[MOST_THREADS];
    int started = 0;
    /* Where no thread can be had, this one does it all. */
    while (started < usable_processors() - 1 &&
           pthread_create(&others[started], NULL, take_pieces, &work) == 0)
        started++;
    take_pieces(&work);
    for (int i = 0; i < started; i++)
        pthread_join(others[i], NULL);
    size_t bad = atomic_load(&work.bad);
    if (bad == MOST_ENTRIES)
        return true;
    const char *name = manifest->entries[bad].name;
    if (atomic_load(&work.error))
        return failed_because(failure, work.error, "checking", "read", name, NULL);
    return refused(failure, "checking", "%s is not what was installed (SHA-256)", name);
}
