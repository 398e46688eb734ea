/* What went wrong, as a value: the only way in which a stage reports an error. */
#pragma once
#include <limits.h>
#include <stdbool.h>

enum {
    EXIT_TIMED_OUT = 124,
    EXIT_LAUNCHER_FAILED = 125,
    EXIT_CANNOT_EXECUTE = 126,
    EXIT_NOT_FOUND = 127,
};

/* Crosses processes inside a message, so it holds no pointers. Empty strings mean "none". */
struct failure {
    int error;      /* errno; 0 where no call failed (a bad option) */
    char stage[24]; /* the stage of the sandbox's life: options, identity, mount, exec ... */
    char call[32];  /* the system call */
    char path[PATH_MAX];
    char hint[512]; /* what the reader can do, in words */
};

/* Records errno and returns false, so that a stage can end with `return failed(...)`. */
bool failed(struct failure *failure, const char *stage, const char *call, const char *path);

/* The same with an error number and a hint of its own; hint may be NULL. */
bool failed_because(struct failure *failure, int error, const char *stage, const char *call,
                    const char *path, const char *hint);

/* Adds a hint to a failure that was recorded already; returns false. */
bool failed_hint(struct failure *failure, const char *hint);

/* A failure without a system call: a sentence. */
__attribute__((format(printf, 3, 4))) bool refused(struct failure *failure, const char *stage,
                                                   const char *format, ...);

/* One sentence for people, on stderr. */
void failure_print(const struct failure *failure);
