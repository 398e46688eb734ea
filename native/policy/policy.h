/* A policy file as data. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CONDITIONS_MAX = 4, SET_VALUES = 32 };

enum test {
    DIFFERS, /* low 32 bits of the argument != value */
    LACKS,   /* low 32 bits of the argument & value == 0 */
    IS,      /* low 32 bits of the argument are the number of a bit of value */
};

struct condition {
    unsigned argument; /* 0-5 */
    enum test test;
    uint32_t value;
};

/* One call; without conditions, `error` 0 allows it and any other error refuses it. */
struct rule {
    char call[32];
    int line;
    int error; /* what the call answers where it is not allowed */
    bool any;  /* the conditions are joined by ||: one that holds is enough */
    size_t condition_count;
    struct condition conditions[CONDITIONS_MAX];
};

struct policy {
    struct rule *rules;
    size_t count;
};

/* Reads a policy file; a mistake ends the program with its line. */
struct policy policy_read(const char *path);

/* The value of a constant, or of several joined by '|'; false where a name is not known. */
bool constants_read(char *text, uint32_t *value);

/* The same as a set: the bit of each value, which must be below 32. */
bool constants_read_set(char *text, uint32_t *set);

/* An errno by its name; 0 where it is not known. */
int constants_error(const char *name);
