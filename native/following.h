/*
 * What a process that enters takes over of the target besides its identity (confinement.h). None of
 * it keeps the process from anything that its identity allows, but for the filters, for which there
 * is another: so what cannot be had is told, and the entry goes on.
 */
#pragma once
#include "failure.h"
#include <stdint.h>

struct options;
struct target;

/* In the order in which they are taken over. */
enum attribute {
    ATTRIBUTE_SECCOMP,
    ATTRIBUTE_RLIMITS,
    ATTRIBUTE_OOM_SCORE,
    ATTRIBUTE_AFFINITY,
    ATTRIBUTE_IO_PRIORITY,
    ATTRIBUTE_SCHEDULING,
    ATTRIBUTE_UMASK,
    ATTRIBUTE_PERSONALITY,
    ATTRIBUTE_TIMER_SLACK,
    ATTRIBUTE_LABEL,
    ATTRIBUTE_COUNT,
};

/* Why each could not be taken over: an errno; 0: it is the target's. */
struct following {
    uint16_t errors[ATTRIBUTE_COUNT];
};

extern const char *const attribute_names[ATTRIBUTE_COUNT];

/* Adds the bit of "umask" to the set. */
bool attribute_parse(const char *name, uint32_t *set, struct failure *failure);

/* Whether the options want it followed. */
bool attribute_wanted(const struct options *options, enum attribute attribute);

/* Before the namespaces are joined, in the cgroups: by the rights that the caller has on the host.
 */
void follow_outside(struct following *following, const struct options *options,
                    const struct target *target);

/* In them, with all capabilities of the user namespace. */
void follow_inside(struct following *following, const struct options *options,
                   const struct target *target);
