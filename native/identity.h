/* User and group ids: the maps of a new user namespace, and what a process becomes in it. */
#pragma once
#include "options.h"

/* Writes uid_map, setgroups and gid_map of a child that sits in its new user namespace. */
bool identity_write_maps(pid_t child, const struct options *options, struct failure *failure);

/* Takes ids in the own user namespace, keeping the permitted capabilities, all made effective. */
bool identity_become(uid_t uid, gid_t gid, struct failure *failure);
