/* The default system-call filter: policy/default.policy, compiled. */
#pragma once
#include "failure.h"

/* Installs it for the caller and its children; needs no_new_privs, or CAP_SYS_ADMIN. */
bool seccomp_install(struct failure *failure);
