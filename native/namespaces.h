/* The eight namespace types. */
#pragma once
#include "failure.h"
#include <stdint.h>

enum { NAMESPACE_COUNT = 8 };

struct namespace_type {
    const char *name; /* as in /proc/PID/ns */
    int flag;         /* CLONE_NEW* */
};

extern const struct namespace_type namespace_types[NAMESPACE_COUNT];

/*
 * Inode numbers of the caller's own namespaces, in the order of namespace_types; 0 where the
 * kernel lacks the type. False: a failure was recorded. `proc` is a descriptor of /proc: "self"
 * there is the caller's pid in that procfs's own pid namespace, so this works from a descendant pid
 * namespace too.
 */
bool namespaces_read(int proc, uint64_t *inodes, struct failure *failure);

/* The number for one CLONE_NEW* flag in such an array. */
uint64_t namespace_inode(const uint64_t *inodes, int flag);

/* "pid,mnt,net" -> CLONE_NEW* flags. */
bool namespaces_parse(const char *list, int *flags, struct failure *failure);
