/* The process that is entered, pinned by descriptors. */
#pragma once
#include "options.h"
#include <stdint.h>

struct target {
    pid_t pid;
    int process; /* pidfd */
    int proc;    /* the host's /proc/PID: its files tell about this process or fail, never lie */
    int procfs;  /* the host's /proc */
    int root, directory; /* O_PATH, where the mount namespace is joined; else -1 */
};

/* Opens everything that is needed of a process, then makes sure that it was one and the same. */
bool target_open(struct target *target, const struct options *options, struct failure *failure);

/* Whether it has not been waited for: then its number is still its own. */
bool target_alive(const struct target *target, struct failure *failure);

/* Whether the caller and the target share the namespace `name` ("user"). */
bool target_shares(const struct target *target, const char *name);

/* Whether the target is still in the user namespace with this inode number. */
bool target_kept_user(const struct target *target, uint64_t inode, struct failure *failure);
