#pragma once
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

/* One way out. It returns -1 with errno set, or anything else when it worked.
 */
struct attempt {
    const char *name;
    long (*make)(void);
};

/* One list per file, each ended by a row without a name. */
extern const struct attempt on_files[], on_mounts[], on_processes[], on_kernel[], on_network[],
    on_machine[], on_payloads[];

#define ATTEMPT(name)                                                                              \
    { #name, name }
#define END_OF_ATTEMPTS                                                                            \
    { NULL, NULL }

/* What the test tells about the world outside: an environment variable; ""
 * where there is none. */
const char *given(const char *name);
long given_number(const char *name);

/* NAME's value with something behind; valid until the next call. */
const char *below(const char *name, const char *rest);

/* A directory of the attempt's own, removed after it. */
const char *scratch(const char *name);

long failed(int error);

/* Opens, and closes again. */
long can_open(const char *path, int flags);

/* Into a file that is there. */
long write_text(const char *path, const char *text);
