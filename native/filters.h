/* The system-call filters of another process. */
#pragma once
#include "failure.h"
#include "target.h"
#include <linux/filter.h>
#include <stdint.h>

/* What the kernel lets one process have in all (MAX_INSNS_PER_PATH of kernel/seccomp.c). */
enum { FILTERS_MAX = 64, INSTRUCTIONS_MAX = 32768 };

struct filters {
    uint32_t count;
    uint32_t lengths[FILTERS_MAX];
    struct sock_filter instructions[INSTRUCTIONS_MAX];
};

/* Copies them, the first that was installed first. NULL with errno. */
struct filters *filters_copy(const struct target *target);

void filters_free(struct filters *filters);

/* Installs them, in the same order. Nothing but execve(2) can be trusted to work after it. */
bool filters_install(const struct filters *filters, struct failure *failure);
