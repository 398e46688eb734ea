#include "landlock.h"
#include "cleanup.h"
#include "resolve.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* As linux/landlock.h has them since Linux 6.12. */
struct ruleset {
    uint64_t files, network, scoped;
};
static const struct scope {
    const char *name;
    uint64_t bit;
} scopes_known[] = {{"abstract-sockets", 1 << 0}, {"signals", 1 << 1}};

/* Rights by the version of the interface that has them first; linux/landlock.h of 5.19 has less. */
enum {
    RIGHTS_READ =
        LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR,
    RIGHT_TRUNCATE = 1 << 14,
    RIGHT_IOCTL_DEV = 1 << 15,
    RIGHTS_OF_VERSION_3 = (RIGHT_TRUNCATE << 1) - 1,
    RIGHTS_OF_VERSION_5 = (RIGHT_IOCTL_DEV << 1) - 1,
    RIGHTS_OF_A_FILE = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE |
                       LANDLOCK_ACCESS_FS_WRITE_FILE | RIGHT_TRUNCATE | RIGHT_IOCTL_DEV,
};

bool landlock_parse_scope(const char *name, uint64_t *scopes, struct failure *failure) {
    for (size_t i = 0; i < sizeof scopes_known / sizeof *scopes_known; i++) {
        if (strcmp(scopes_known[i].name, name) != 0)
            continue;
        *scopes |= scopes_known[i].bit;
        return true;
    }
    return refused(failure, "options", "--scope: '%s' is not abstract-sockets or signals", name);
}

/*
 * Which rights this kernel can take away; 0 where it is too old. Before version 3 (Linux 6.2) it
 * cannot stop truncate(2), by which a file that may only be read could be emptied: what cannot be
 * applied is an error.
 */
static uint64_t rights_known(void) {
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (version < 3)
        return 0;
    return version < 5 ? RIGHTS_OF_VERSION_3 : RIGHTS_OF_VERSION_5;
}

static bool add_rule(int ruleset, int place, const char *path, uint64_t rights,
                     struct failure *failure) {
    const struct landlock_path_beneath_attr rule = {.allowed_access = rights, .parent_fd = place};
    if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
        return failed(failure, "landlock", "landlock_add_rule", path);
    return true;
}

static bool allow(int ruleset, int root, const char *path, uint64_t rights,
                  struct failure *failure) {
    struct stat facts;
    cleanup_fd int place = resolve_existing(root, path, O_PATH, 0);
    if (place < 0 || fstat(place, &facts) < 0)
        return failed_because(failure, errno, "landlock", "openat2", path,
                              "a rule names what is there inside: mount it, or leave it out");
    if (!S_ISDIR(facts.st_mode))
        rights &= RIGHTS_OF_A_FILE;
    return add_rule(ruleset, place, path, rights, failure);
}

static bool allow_all(int ruleset, int root, const struct string_list *paths, uint64_t rights,
                      struct failure *failure) {
    for (size_t i = 0; i < paths->count; i++)
        if (!allow(ruleset, root, paths->items[i], rights, failure))
            return false;
    return true;
}

bool landlock_close(const struct landlock *landlock, int root, int tools, struct failure *failure) {
    uint64_t rights = landlock->files ? rights_known() : 0;
    if (!landlock->files && landlock->scopes == 0)
        return true;
    if (landlock->files && rights == 0)
        return failed_because(failure, ENOSYS, "landlock", "landlock_create_ruleset", NULL,
                              "paths need Linux 6.2 or newer, with Landlock enabled");
    const struct ruleset wanted = {.files = rights, .scoped = landlock->scopes};
    /* An older kernel refuses the call or the bits. */
    cleanup_fd int ruleset = (int)syscall(SYS_landlock_create_ruleset, &wanted, sizeof wanted, 0);
    if (ruleset < 0) {
        failed(failure, "landlock", "landlock_create_ruleset", NULL);
        return failed_hint(failure, "--scope needs Linux 6.12 or newer, with Landlock enabled");
    }
    if (rights && tools >= 0 && !add_rule(ruleset, tools, "/bin", rights & RIGHTS_READ, failure))
        return false;
    if (!allow_all(ruleset, root, &landlock->read, rights & RIGHTS_READ, failure) ||
        !allow_all(ruleset, root, &landlock->write, rights, failure))
        return false;
    if (syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
        return failed(failure, "landlock", "landlock_restrict_self", NULL);
    return true;
}
