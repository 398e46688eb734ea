/* The one place where a process is made in new namespaces. */
#pragma once
#include <stdint.h>
#include <sys/types.h>

/*
 * Behaves like fork(). flags: CLONE_NEW*, CLONE_PARENT; cgroup: the directory of version 2 that the
 * child begins in, or -1; *process: its pidfd.
 */
pid_t clone_process(uint64_t flags, int cgroup, int *process);
