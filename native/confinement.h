/* A process's identity and privileges, read from its status file and taken over. */
#pragma once
#include "capabilities.h"
#include "failure.h"
#include <stddef.h>
#include <sys/types.h>

enum { GROUPS_MAX = 65536 }; /* NGROUPS_MAX: what setgroups(2) takes */

struct confinement {
    uid_t uids[3]; /* real, effective, saved */
    gid_t gids[3];
    gid_t *groups;
    size_t group_count;
    struct capability_sets capabilities;
    bool no_new_privileges;
};

/* Reads /proc/PID/status; ids are in the terms of the user namespace of the caller at this moment.
 */
bool confinement_read(struct confinement *confinement, int proc, struct failure *failure);

/* Takes the supplementary groups; before the user namespace is joined, in the outer terms. */
bool confinement_take_groups(const struct confinement *confinement, struct failure *failure);

/*
 * In the inner terms, for who had no CAP_SETGID outside: an ordinary user, whose own groups the
 * target has given up. Groups that were taken outside stay, for some may have no number in here.
 */
bool confinement_keep_groups(const struct confinement *confinement, struct failure *failure);

/* Takes the ids; the permitted capabilities stay, all of them effective. */
bool confinement_take_ids(const struct confinement *confinement, struct failure *failure);

/*
 * Takes the capability sets and no_new_privs: the last step before the command. `filters`: that one
 * installs filters that somebody else wrote, for which CAP_SYS_ADMIN stays until execve(2).
 */
bool confinement_take_privileges(const struct confinement *confinement, bool filters,
                                 struct failure *failure);
