/* The rules of the default filter: one table that one person can review. */
#pragma once
#include <stddef.h>
#include <stdint.h>

enum seccomp_test {
    ALWAYS,
    ANY_BIT,         /* argument & value != 0, low 32 bits */
    EQUALS,          /* argument == value, low 32 bits */
    CREATES_ANY_BIT, /* argument-1 (open flags) creates a file, and argument & value != 0 */
};

struct seccomp_rule {
    int number; /* system call */
    enum seccomp_test test;
    unsigned argument; /* 0-5 */
    uint32_t value;
    uint16_t error; /* what the call answers where the test holds */
};

extern const struct seccomp_rule seccomp_rules[];
extern const size_t seccomp_rule_count;
