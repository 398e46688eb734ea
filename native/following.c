#include "following.h"
#include "label.h"
#include "nearest.h"
#include "options.h"
#include "proctext.h"
#include "schedule.h"
#include "target.h"
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/stat.h>

/* Every byte counts in the comparison, so it begins as zeros. */
union value {
    int64_t number;
    cpu_set_t affinity;
    struct schedule schedule;
    struct label label;
};

/* False with errno. process 0: the caller itself, whose files are at target->procfs. */
typedef bool read_value(const struct target *target, pid_t process, union value *value);
typedef bool apply_value(const struct target *target, const union value *value);

static bool read_number(const struct target *target, pid_t process, const char *name,
                        const char *key, int base, union value *value) {
    char path[64];
    snprintf(path, sizeof path, "%s%s", process ? "" : "self/", name);
    return proctext_number(process ? target->proc : target->procfs, path, key, base,
                           &value->number);
}

static bool read_oom_score(const struct target *target, pid_t process, union value *value) {
    return read_number(target, process, "oom_score_adj", "", 10, value);
}

/* Lowering it below what it was set to with it needs CAP_SYS_RESOURCE (proc_pid_oom_score_adj(5)).
 */
static bool apply_oom_score(const struct target *target, const union value *value) {
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)value->number);
    return proctext_write(target->procfs, "self/oom_score_adj", text);
}

static bool read_affinity(const struct target *target, pid_t process, union value *value) {
    (void)target;
    return sched_getaffinity(process, sizeof value->affinity, &value->affinity) == 0;
}

static bool apply_affinity(const struct target *target, const union value *value) {
    (void)target;
    return sched_setaffinity(0, sizeof value->affinity, &value->affinity) == 0;
}

static bool read_io_priority(const struct target *target, pid_t process, union value *value) {
    (void)target;
    return schedule_read_io(process, &value->number);
}

static bool apply_io_priority(const struct target *target, const union value *value) {
    (void)target;
    return schedule_apply_io(value->number);
}

static bool read_schedule(const struct target *target, pid_t process, union value *value) {
    (void)target;
    return schedule_read(process, &value->schedule);
}

static bool apply_schedule(const struct target *target, const union value *value) {
    (void)target;
    return schedule_apply(&value->schedule);
}

/* The line is there since Linux 4.7. */
static bool read_umask(const struct target *target, pid_t process, union value *value) {
    return read_number(target, process, "status", "Umask:", 8, value);
}

static bool apply_umask(const struct target *target, const union value *value) {
    (void)target;
    umask((mode_t)value->number);
    return true;
}

static bool read_personality(const struct target *target, pid_t process, union value *value) {
    if (process)
        return read_number(target, process, "personality", "", 16, value);
    value->number = personality(0xffffffff);
    return value->number >= 0;
}

static bool apply_personality(const struct target *target, const union value *value) {
    (void)target;
    return personality((unsigned long)value->number) >= 0;
}

static bool read_timer_slack(const struct target *target, pid_t process, union value *value) {
    if (process)
        return read_number(target, process, "timerslack_ns", "", 10, value);
    value->number = prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0);
    return value->number >= 0;
}

static bool apply_timer_slack(const struct target *target, const union value *value) {
    (void)target;
    return prctl(PR_SET_TIMERSLACK, (unsigned long)value->number, 0, 0, 0) == 0;
}

static bool read_label(const struct target *target, pid_t process, union value *value) {
    return label_read(process ? target->proc : target->procfs, process ? "" : "self/",
                      &value->label);
}

static bool apply_label(const struct target *target, const union value *value) {
    return label_at_exec(target->procfs, &value->label);
}

/*
 * Outside: what the host's rights are needed for, or a cpuset decides. Inside: what is read by the
 * capabilities of the target's user namespace. Without a row's functions another stage does it.
 */
static const struct {
    bool outside;
    read_value *read;
    apply_value *apply;
} rows[ATTRIBUTE_COUNT] = {
    [ATTRIBUTE_OOM_SCORE] = {true, read_oom_score, apply_oom_score},
    [ATTRIBUTE_AFFINITY] = {true, read_affinity, apply_affinity},
    [ATTRIBUTE_IO_PRIORITY] = {true, read_io_priority, apply_io_priority},
    [ATTRIBUTE_SCHEDULING] = {true, read_schedule, apply_schedule},
    [ATTRIBUTE_UMASK] = {false, read_umask, apply_umask},
    [ATTRIBUTE_PERSONALITY] = {false, read_personality, apply_personality},
    [ATTRIBUTE_TIMER_SLACK] = {false, read_timer_slack, apply_timer_slack},
    [ATTRIBUTE_LABEL] = {false, read_label, apply_label},
};

const char *const attribute_names[ATTRIBUTE_COUNT] = {
    [ATTRIBUTE_SECCOMP] = "seccomp",
    [ATTRIBUTE_RLIMITS] = "rlimits",
    [ATTRIBUTE_OOM_SCORE] = "oom_score_adj",
    [ATTRIBUTE_AFFINITY] = "affinity",
    [ATTRIBUTE_IO_PRIORITY] = "ioprio",
    [ATTRIBUTE_SCHEDULING] = "scheduling",
    [ATTRIBUTE_UMASK] = "umask",
    [ATTRIBUTE_PERSONALITY] = "personality",
    [ATTRIBUTE_TIMER_SLACK] = "timer_slack",
    [ATTRIBUTE_LABEL] = "label",
};

static const char *name_of(size_t index, const void *context) {
    (void)context;
    return attribute_names[index];
}

bool attribute_parse(const char *name, uint32_t *set, struct failure *failure) {
    for (int i = 0; i < ATTRIBUTE_COUNT; i++) {
        if (strcmp(attribute_names[i], name) == 0) {
            *set |= UINT32_C(1) << i;
            return true;
        }
    }
    return refused(failure, "options",
                   "--leave: '%s' is none of what --follow takes; the nearest is %s", name,
                   nearest_name(name, ATTRIBUTE_COUNT, name_of, NULL));
}

bool attribute_wanted(const struct options *options, enum attribute attribute) {
    return options->follow && !(options->left >> attribute & 1);
}

/* What is the same already needs no right. */
static int follow_one(int attribute, const struct target *target) {
    union value wanted, own;
    memset(&wanted, 0, sizeof wanted);
    memset(&own, 0, sizeof own);
    errno = 0;
    if (!rows[attribute].read(target, target->pid, &wanted))
        return errno;
    if (rows[attribute].read(target, 0, &own) && memcmp(&wanted, &own, sizeof own) == 0)
        return 0;
    return rows[attribute].apply(target, &wanted) ? 0 : errno;
}

static void follow(bool outside, struct following *following, const struct options *options,
                   const struct target *target) {
    for (int i = 0; i < ATTRIBUTE_COUNT; i++)
        if (rows[i].read && rows[i].outside == outside && attribute_wanted(options, i))
            following->errors[i] = (uint16_t)follow_one(i, target);
}

void follow_outside(struct following *following, const struct options *options,
                    const struct target *target) {
    follow(true, following, options, target);
}

void follow_inside(struct following *following, const struct options *options,
                   const struct target *target) {
    follow(false, following, options, target);
}
