/* The one place where a process is made in new namespaces. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Behaves like fork(). flags: CLONE_NEW*, CLONE_PARENT; cgroup: the directory of version 2 that the
 * child begins in, or -1. *placed, which the child sees as well: whether it does. Where the kernel
 * has no CLONE_INTO_CGROUP (Linux 5.7) or not for this cgroup, the child goes there itself; where
 * it has no clone3 (Linux 5.3, or a filter), clone(2) does the rest.
 */
pid_t clone_process(uint64_t flags, int cgroup, bool *placed);
