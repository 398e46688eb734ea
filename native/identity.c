#include "identity.h"
#include "capabilities.h"
#include "cleanup.h"
#include "idtools.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

static bool write_file(const char *path, const char *text, struct failure *failure) {
    cleanup_fd int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0)
        return failed(failure, "identity", "open", path);
    if (write(file, text, strlen(text)) != (ssize_t)strlen(text))
        return failed(failure, "identity", "write", path);
    return true;
}

/* The kernel takes a whole map in one write (user_namespaces(7)). */
static bool write_map(pid_t child, const char *name, const struct string_list *lines, unsigned own,
                      struct failure *failure) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", child, name);
    cleanup_free char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    if (!to)
        return failed(failure, "identity", "open_memstream", path);
    for (size_t i = 0; i < lines->count; i++)
        fprintf(to, "%s\n", lines->items[i]);
    if (lines->count == 0)
        fprintf(to, "0 %u 1\n", own);
    fclose(to);
    if (write_file(path, text, failure))
        return true;
    return failed_hint(failure, "an ordinary user can map one id only, its own; more need "
                                "CAP_SETUID and CAP_SETGID in the outer user namespace");
}

/* An ordinary user may map one id, its own (user_namespaces(7)). */
static bool maps_one(const struct string_list *lines) {
    unsigned count = 1;
    return lines->count == 0 ||
           (lines->count == 1 && sscanf(lines->items[0], "%*u %*u %u", &count) == 1 && count == 1);
}

static bool deny_setgroups(pid_t child, struct failure *failure) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/setgroups", child);
    return write_file(path, "deny", failure);
}

bool identity_write_maps(pid_t child, const struct options *options, struct failure *failure) {
    const struct string_list *uids = &options->uid_maps, *gids = &options->gid_maps;
    bool privileged = capability_held(CAP_SETGID);
    if (!privileged && !(maps_one(uids) && maps_one(gids)))
        return idtool_write_map("/usr/bin/newuidmap", child, uids, failure) &&
               idtool_write_map("/usr/bin/newgidmap", child, gids, failure);
    /* Without CAP_SETGID a group map is accepted only after this (CVE-2014-8989). */
    return (privileged || deny_setgroups(child, failure)) &&
           write_map(child, "uid_map", uids, geteuid(), failure) &&
           write_map(child, "gid_map", gids, getegid(), failure);
}

bool identity_become(uid_t uid, gid_t gid, struct failure *failure) {
    if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
        return failed(failure, "identity", "prctl(PR_SET_KEEPCAPS)", NULL);
    /* EPERM: setgroups is denied in this user namespace, and the groups stay the user's own. */
    if (setgroups(0, NULL) < 0 && errno != EPERM)
        return failed(failure, "identity", "setgroups", NULL);
    if (setresgid(gid, gid, gid) < 0)
        return failed(failure, "identity", "setresgid", NULL) ||
               failed_hint(failure, "the group id must be in the sandbox's gid map");
    if (setresuid(uid, uid, uid) < 0)
        return failed(failure, "identity", "setresuid", NULL) ||
               failed_hint(failure, "the user id must be in the sandbox's uid map");
    return capabilities_raise(failure);
}
