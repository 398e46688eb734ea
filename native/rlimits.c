#include "rlimits.h"
#include "numbers.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct {
    const char *name;  /* getrlimit(2), without RLIMIT_ */
    const char *title; /* in /proc/PID/limits (proc(5)) */
} resources[RLIM_NLIMITS] = {
    [RLIMIT_AS] = {"as", "Max address space"},
    [RLIMIT_CORE] = {"core", "Max core file size"},
    [RLIMIT_CPU] = {"cpu", "Max cpu time"},
    [RLIMIT_DATA] = {"data", "Max data size"},
    [RLIMIT_FSIZE] = {"fsize", "Max file size"},
    [RLIMIT_LOCKS] = {"locks", "Max file locks"},
    [RLIMIT_MEMLOCK] = {"memlock", "Max locked memory"},
    [RLIMIT_MSGQUEUE] = {"msgqueue", "Max msgqueue size"},
    [RLIMIT_NICE] = {"nice", "Max nice priority"},
    [RLIMIT_NOFILE] = {"nofile", "Max open files"},
    [RLIMIT_NPROC] = {"nproc", "Max processes"},
    [RLIMIT_RSS] = {"rss", "Max resident set"},
    [RLIMIT_RTPRIO] = {"rtprio", "Max realtime priority"},
    [RLIMIT_RTTIME] = {"rttime", "Max realtime timeout"},
    [RLIMIT_SIGPENDING] = {"sigpending", "Max pending signals"},
    [RLIMIT_STACK] = {"stack", "Max stack size"},
};

static bool parse_value(const char *text, rlim_t *value) {
    uint64_t number = RLIM_INFINITY;
    bool good = strcmp(text, "unlimited") == 0 || number_parse(text, RLIM_INFINITY - 1, &number);
    *value = number;
    return good;
}

static bool parse_pair(const char *values, struct rlimit *limit) {
    char soft[24];
    const char *colon = strchr(values, ':');
    if (!colon || (size_t)(colon - values) >= sizeof soft)
        return false;
    snprintf(soft, sizeof soft, "%.*s", (int)(colon - values), values);
    return parse_value(soft, &limit->rlim_cur) && parse_value(colon + 1, &limit->rlim_max) &&
           limit->rlim_cur <= limit->rlim_max;
}

bool rlimits_parse(struct rlimits *limits, const char *name, const char *values,
                   struct failure *failure) {
    for (int i = 0; i < RLIM_NLIMITS; i++) {
        if (strcmp(resources[i].name, name) != 0)
            continue;
        limits->given[i] = parse_pair(values, &limits->values[i]);
        return limits->given[i] || refused(failure, "options",
                                           "--rlimit: '%s' is not SOFT:HARD, with the soft limit "
                                           "not above the hard one",
                                           values);
    }
    return refused(failure, "options", "--rlimit: '%s' is no resource (getrlimit(2))", name);
}

/* "Max open files            1024                 1048576              files" */
static bool take_line(struct rlimits *limits, const char *line) {
    char soft[24], hard[24];
    for (int i = 0; i < RLIM_NLIMITS; i++) {
        size_t length = strlen(resources[i].title);
        if (strncmp(line, resources[i].title, length) != 0 || line[length] != ' ')
            continue;
        limits->given[i] = sscanf(line + length, "%23s %23s", soft, hard) == 2 &&
                           parse_value(soft, &limits->values[i].rlim_cur) &&
                           parse_value(hard, &limits->values[i].rlim_max);
        return limits->given[i];
    }
    return true; /* the heading, or a resource that is newer than we are */
}

bool rlimits_read(struct rlimits *limits, int proc, struct failure *failure) {
    int descriptor = openat(proc, "limits", O_RDONLY | O_CLOEXEC);
    FILE *file = descriptor < 0 ? NULL : fdopen(descriptor, "r");
    char line[128];
    bool good = true;
    if (!file)
        return failed(failure, "target", "openat", "limits");
    while (good && fgets(line, sizeof line, file))
        good = take_line(limits, line);
    good = good && !ferror(file); /* half of them would be fewer limits than the target has */
    fclose(file);
    return good || failed_because(failure, EPROTO, "target", "read", "limits", NULL);
}

static bool raise_failed(const char *name, rlim_t hard, struct failure *failure) {
    char hint[160];
    failed(failure, "rlimits", "setrlimit", name);
    snprintf(hint, sizeof hint,
             "the hard limit here is %llu; raising it needs CAP_SYS_RESOURCE on this host, which "
             "whoever started this lacks",
             (unsigned long long)hard);
    return failed_hint(failure, hint);
}

typedef bool change(int resource, const struct rlimit *asked, const struct rlimit *own,
                    struct failure *failure);

static bool change_given(const struct rlimits *limits, change *change_one,
                         struct failure *failure) {
    for (int i = 0; i < RLIM_NLIMITS; i++) {
        struct rlimit own;
        if (!limits->given[i])
            continue;
        if (getrlimit(i, &own) < 0)
            return failed(failure, "rlimits", "getrlimit", resources[i].name);
        if (!change_one(i, &limits->values[i], &own, failure))
            return false;
    }
    return true;
}

static bool raise_hard(int resource, const struct rlimit *asked, const struct rlimit *own,
                       struct failure *failure) {
    struct rlimit raised = {own->rlim_cur, asked->rlim_max};
    return asked->rlim_max <= own->rlim_max || setrlimit(resource, &raised) == 0 ||
           raise_failed(resources[resource].name, own->rlim_max, failure);
}

bool rlimits_raise(const struct rlimits *limits, struct failure *failure) {
    return change_given(limits, raise_hard, failure);
}

int rlimits_raise_possible(const struct rlimits *limits) {
    struct failure failure = {0};
    for (int i = 0; i < RLIM_NLIMITS; i++) {
        struct rlimit own;
        if (limits->given[i] && getrlimit(i, &own) == 0)
            raise_hard(i, &limits->values[i], &own, &failure);
    }
    return failure.error;
}

static rlim_t smaller(rlim_t one, rlim_t other) {
    return one < other ? one : other;
}

/* A process that is followed may have more than we can give: then it is what we have. */
static bool set_within(int resource, const struct rlimit *asked, const struct rlimit *own,
                       struct failure *failure) {
    rlim_t hard = smaller(asked->rlim_max, own->rlim_max);
    struct rlimit set = {smaller(asked->rlim_cur, hard), hard};
    return setrlimit(resource, &set) == 0 ||
           failed(failure, "rlimits", "setrlimit", resources[resource].name);
}

bool rlimits_set(const struct rlimits *limits, struct failure *failure) {
    return change_given(limits, set_within, failure);
}
