/* SHA-256, by OpenSSL's code, which uses the processor's own instructions where there are some. */
#pragma once
#include "manifest.h"

void digest_memory(const void *bytes, size_t size, unsigned char digest[DIGEST_BYTES]);

/*
 * Compares the pieces of all open files with the manifest, on as many processors as may be used: a
 * runtime has 120 MB, which take one of them longer than the helper needs to start.
 */
bool digest_check(const struct manifest *manifest, struct failure *failure);
