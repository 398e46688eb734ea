/* Which namespaces a sandbox gets: new ones, the host's, or somebody's. */
#pragma once
#include "namespaces.h"

enum namespace_choice { NAMESPACE_NEW, NAMESPACE_HOST, NAMESPACE_JOINED };

struct namespace_wish {
    enum namespace_choice choice;
    const char *path; /* of one to join: /proc/PID/ns/net, or a file where one was bound */
    int file;         /* opened and verified, or -1 */
};

/* All new, but for time, which most programs expect to be the host's. */
void choices_set_default(struct namespace_wish *wishes);

/* --namespace TYPE HOW: new, host, or a path. */
bool choices_parse(struct namespace_wish *wishes, const char *type, const char *how,
                   struct failure *failure);

/* The CLONE_NEW* flags of all types with this choice. */
int choices_flags(const struct namespace_wish *wishes, enum namespace_choice choice);

/* Opens what is to be joined, once; each must be a namespace, and of its type. */
bool choices_open(struct namespace_wish *wishes, struct failure *failure);

/* Joins all of them but the mount namespace, the user namespace's rights included. */
bool choices_join(const struct namespace_wish *wishes, struct failure *failure);

/* The descriptor of the type that a flag names, or -1. */
int choices_file(const struct namespace_wish *wishes, int flag);
