/* The sandbox's /dev. */
#pragma once
#include "failure.h"

enum device { DEVICE_NULL, DEVICE_ZERO, DEVICE_FULL, DEVICE_RANDOM, DEVICE_URANDOM, DEVICE_TTY };
enum { DEVICE_COUNT = DEVICE_TTY + 1 };

/* Of a devpts of its own. */
extern const char *const devpts_parameters[];

struct devices {
    int nodes[DEVICE_COUNT]; /* O_PATH descriptors of the host's nodes */
};

/* Opens the host's nodes and verifies each by its device number (CVE-2025-31133). */
bool devices_open(struct devices *devices, struct failure *failure);

/* Mounts a tmpfs with the nodes, links, devpts and shm on `place`; *terminals: its devpts. */
bool dev_mount(int place, const char *path, const struct devices *devices, int *terminals,
               struct failure *failure);
