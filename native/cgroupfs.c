#include "cgroupfs.h"
#include "cleanup.h"
#include "trees.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

enum {
    ATTRIBUTES = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
    CONTROLLERS_MAX = 16, /* of one hierarchy; the kernel has 14 */
};

/* A line of /proc/self/cgroup, "ID:CONTROLLERS:PATH" (cgroups(7)); no controllers: version 2. */
struct hierarchy {
    char text[256];
    const char *controllers;
};

static bool read_hierarchy(FILE *file, struct hierarchy *hierarchy) {
    while (fgets(hierarchy->text, sizeof hierarchy->text, file)) {
        char *begin = strchr(hierarchy->text, ':');
        char *end = begin ? strchr(begin + 1, ':') : NULL;
        bool cut = !strchr(hierarchy->text, '\n'); /* a long path, which nobody needs here */
        for (int letter = 0; cut && letter != EOF && letter != '\n';)
            letter = getc(file);
        if (!end)
            continue;
        *end = '\0';
        hierarchy->controllers = begin + 1;
        return true;
    }
    return false;
}

static int make_hierarchy(const struct hierarchy *hierarchy, struct failure *failure) {
    char text[sizeof hierarchy->text];
    const char *parameters[CONTROLLERS_MAX + 1] = {NULL};
    if (!*hierarchy->controllers)
        return tree_create("cgroup2", parameters, ATTRIBUTES, failure);
    snprintf(text, sizeof text, "%s", hierarchy->controllers);
    char *rest = text;
    for (int i = 0; i < CONTROLLERS_MAX && rest; i++)
        parameters[i] = strsep(&rest, ",");
    return tree_create("cgroup", parameters, ATTRIBUTES, failure);
}

/* "cpu,cpuacct", "systemd" for name=systemd, "unified": as everywhere below /sys/fs/cgroup. */
static const char *directory_name(const struct hierarchy *hierarchy) {
    if (!*hierarchy->controllers)
        return "unified";
    const char *equals = strchr(hierarchy->controllers, '=');
    return equals ? equals + 1 : hierarchy->controllers;
}

static bool add_hierarchy(int base, const struct hierarchy *hierarchy, struct failure *failure) {
    const char *name = directory_name(hierarchy);
    cleanup_fd int tree = make_hierarchy(hierarchy, failure);
    if (tree < 0)
        return false;
    if (mkdirat(base, name, 0755) < 0)
        return failed(failure, "cgroupfs", "mkdirat", name);
    cleanup_fd int place = openat(base, name, O_PATH | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC);
    if (place < 0)
        return failed(failure, "cgroupfs", "openat", name);
    return mount_attach(tree, place, name, failure);
}

static bool add_hierarchies(FILE *file, int base, struct failure *failure) {
    for (struct hierarchy next; read_hierarchy(file, &next);)
        if (!add_hierarchy(base, &next, failure))
            return false;
    return mount_seal(base, "/sys/fs/cgroup", failure);
}

static bool has_version_1(FILE *file) {
    bool found = false;
    for (struct hierarchy next; read_hierarchy(file, &next);)
        found = found || *next.controllers;
    rewind(file);
    return found;
}

bool cgroupfs_mount(int place, const char *path, struct failure *failure) {
    static const char *const parameters[] = {"mode=755", NULL};
    FILE *file = fopen("/proc/self/cgroup", "re");
    if (!file)
        return failed(failure, "cgroupfs", "fopen", "/proc/self/cgroup");
    bool several = has_version_1(file);
    struct hierarchy unified = {.controllers = ""};
    unsigned writable = ATTRIBUTES & ~(unsigned)MOUNT_ATTR_RDONLY;
    cleanup_fd int tree = several ? tree_create("tmpfs", parameters, writable, failure)
                                  : make_hierarchy(&unified, failure);
    bool done = tree >= 0 && mount_attach(tree, place, path, failure) &&
                (!several || add_hierarchies(file, tree, failure));
    fclose(file);
    return done;
}
