#include "confinement.h"
#include "cleanup.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

static bool read_ids(const char *text, unsigned *ids) {
    return sscanf(text, "%u %u %u", &ids[0], &ids[1], &ids[2]) == 3;
}

static bool read_groups(const char *text, struct confinement *confinement) {
    unsigned group;
    confinement->groups = calloc(strlen(text) / 2 + 1, sizeof *confinement->groups);
    if (!confinement->groups)
        return false;
    for (int used = 0; sscanf(text, "%u%n", &group, &used) == 1; text += used)
        confinement->groups[confinement->group_count++] = group;
    return true;
}

static bool read_set(const char *text, uint64_t *set) {
    char *end;
    *set = strtoull(text, &end, 16);
    return end != text;
}

/* One line "Key:\tvalue" of status; lines that we do not need are good as they are. */
static bool take_line(const char *line, struct confinement *confinement) {
    struct capability_sets *sets = &confinement->capabilities;
    const struct {
        const char *key;
        uint64_t *set;
    } rows[] = {{"CapInh:", &sets->inheritable},
                {"CapPrm:", &sets->permitted},
                {"CapEff:", &sets->effective},
                {"CapBnd:", &sets->bounding},
                {"CapAmb:", &sets->ambient}};
    if (strncmp(line, "Uid:", 4) == 0)
        return read_ids(line + 4, confinement->uids);
    if (strncmp(line, "Gid:", 4) == 0)
        return read_ids(line + 4, confinement->gids);
    if (strncmp(line, "Groups:", 7) == 0)
        return read_groups(line + 7, confinement);
    if (strncmp(line, "NoNewPrivs:", 11) == 0)
        confinement->no_new_privileges = strchr(line, '1') != NULL;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strncmp(line, rows[i].key, 7) == 0)
            return read_set(line + 7, rows[i].set);
    return true;
}

bool confinement_read(struct confinement *confinement, int proc, struct failure *failure) {
    *confinement = (struct confinement){.uids = {(uid_t)-1, (uid_t)-1, (uid_t)-1}};
    int file = openat(proc, "status", O_RDONLY | O_CLOEXEC);
    FILE *lines = file < 0 ? NULL : fdopen(file, "r");
    if (!lines)
        return failed(failure, "target", "openat", "status");
    cleanup_free char *line = NULL;
    size_t size = 0;
    bool good = true;
    while (good && getline(&line, &size, lines) > 0)
        good = take_line(line, confinement);
    int error = good && ferror(lines) ? errno : 0;
    fclose(lines);
    /* Half of it could lack no_new_privs, which stands behind the ids. */
    if (error)
        return failed_because(failure, error, "target", "read", "status", NULL);
    /* A process that ended has no lines; a kernel without a line we need must not mean "root". */
    if (!good || confinement->uids[0] == (uid_t)-1)
        return failed_because(failure, ESRCH, "target", "read", "status", NULL);
    return true;
}

bool confinement_take_groups(const struct confinement *confinement, struct failure *failure) {
    if (setgroups(confinement->group_count, confinement->groups) == 0)
        return true;
    /* Without CAP_SETGID the caller keeps its own groups, as the kernel has it. */
    return errno == EPERM || failed(failure, "follow", "setgroups", NULL);
}

bool confinement_keep_groups(const struct confinement *confinement, struct failure *failure) {
    size_t wanted = confinement->group_count;
    cleanup_free gid_t *own = calloc(wanted + 1, sizeof *own);
    if (!own)
        return failed(failure, "follow", "calloc", NULL);
    /* EINVAL: it has more. Asked for none the kernel answers how many there are (getgroups(2)). */
    int count = getgroups((int)wanted, own);
    if (count < 0 && errno != EINVAL)
        return failed(failure, "follow", "getgroups", NULL);
    /* By their numbers in this user namespace, both; the kernel keeps them sorted. */
    bool same = count == (int)wanted &&
                (wanted == 0 || memcmp(own, confinement->groups, wanted * sizeof *own) == 0);
    return same || confinement_take_groups(confinement, failure);
}

bool confinement_take_ids(const struct confinement *confinement, struct failure *failure) {
    const uid_t *u = confinement->uids;
    const gid_t *g = confinement->gids;
    if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
        return failed(failure, "follow", "prctl(PR_SET_KEEPCAPS)", NULL);
    if (setresgid(g[0], g[1], g[2]) < 0)
        return failed(failure, "follow", "setresgid", NULL);
    if (setresuid(u[0], u[1], u[2]) < 0)
        return failed(failure, "follow", "setresuid", NULL);
    return capabilities_raise(failure);
}

/*
 * Filters of the target's could answer capset(2) with success and do nothing, so they come after
 * it. Without no_new_privs they need CAP_SYS_ADMIN, which execve(2) takes away again: it computes
 * the permitted set from the bounding, the inheritable and the ambient one (capabilities(7)), which
 * are the target's already.
 */
static struct capability_sets sets_until_exec(const struct confinement *confinement, bool filters) {
    struct capability_sets sets = confinement->capabilities;
    if (filters && !confinement->no_new_privileges) {
        sets.permitted |= UINT64_C(1) << CAP_SYS_ADMIN;
        sets.effective |= UINT64_C(1) << CAP_SYS_ADMIN;
    }
    return sets;
}

bool confinement_take_privileges(const struct confinement *confinement, bool filters,
                                 struct failure *failure) {
    const struct capability_sets sets = sets_until_exec(confinement, filters);
    if (prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) < 0)
        return failed(failure, "follow", "prctl(PR_SET_KEEPCAPS)", NULL);
    /* The bounding set first, while CAP_SETPCAP is there. */
    if (!capabilities_bound(sets.bounding, failure) || !capabilities_set(&sets, failure) ||
        !capabilities_set_ambient(sets.ambient, failure))
        return false;
    if (confinement->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return failed(failure, "follow", "prctl(PR_SET_NO_NEW_PRIVS)", NULL);
    return true;
}
