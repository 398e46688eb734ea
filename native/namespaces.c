#include "namespaces.h"
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

const struct namespace_type namespace_types[NAMESPACE_COUNT] = {
    {"cgroup", CLONE_NEWCGROUP}, {"ipc", CLONE_NEWIPC}, {"mnt", CLONE_NEWNS},
    {"net", CLONE_NEWNET},       {"pid", CLONE_NEWPID}, {"time", CLONE_NEWTIME},
    {"user", CLONE_NEWUSER},     {"uts", CLONE_NEWUTS},
};

bool namespaces_read(int proc, uint64_t *inodes, struct failure *failure) {
    for (int i = 0; i < NAMESPACE_COUNT; i++) {
        char path[32];
        struct stat link;
        snprintf(path, sizeof path, "self/ns/%s", namespace_types[i].name);
        bool found = fstatat(proc, path, &link, 0) == 0;
        if (!found && errno != ENOENT)
            return failed(failure, "namespaces", "fstatat", path);
        inodes[i] = found ? link.st_ino : 0;
    }
    return true;
}

uint64_t namespace_inode(const uint64_t *inodes, int flag) {
    for (int i = 0; i < NAMESPACE_COUNT; i++)
        if (namespace_types[i].flag == flag)
            return inodes[i];
    return 0;
}

static int flag_of(const char *name, size_t length) {
    for (int i = 0; i < NAMESPACE_COUNT; i++)
        if (strlen(namespace_types[i].name) == length &&
            memcmp(namespace_types[i].name, name, length) == 0)
            return namespace_types[i].flag;
    return 0;
}

bool namespaces_parse(const char *list, int *flags, struct failure *failure) {
    *flags = 0;
    for (const char *name = list; *name;) {
        size_t length = strcspn(name, ",");
        int flag = flag_of(name, length);
        if (flag == 0)
            return refused(failure, "options",
                           "'%.*s' is no namespace type; the types are cgroup, ipc, mnt, net, "
                           "pid, time, user, uts",
                           (int)length, name);
        *flags |= flag;
        name += length + (name[length] == ',');
    }
    return true;
}
