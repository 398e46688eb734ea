#include "sysfs.h"
#include "cleanup.h"
#include "masks.h"
#include "resolve.h"
#include "trees.h"
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

/* Docker's maskedPaths below /sys (moby, oci/defaults.go); powercap: CVE-2020-8694, Platypus. */
static const struct mask masks[] = {{"firmware", true}, {"devices/virtual/powercap", true}};

static bool is_processor(const char *name) {
    return strncmp(name, "cpu", 3) == 0 && isdigit((unsigned char)name[3]);
}

/* The temperature of each core tells what others compute (moby, GHSA-6fw5-f8r9-fgfm). */
static bool hide_throttling(int sysfs, int null, struct failure *failure) {
    static const char processors[] = "devices/system/cpu";
    int directory = resolve_existing(sysfs, processors, O_RDONLY | O_DIRECTORY, 0);
    DIR *entries = directory < 0 ? NULL : fdopendir(directory);
    if (!entries)
        return failed(failure, "sysfs", "openat2", processors);
    bool hidden = true;
    for (struct dirent *entry; hidden && (entry = readdir(entries)) != NULL;) {
        char path[sizeof processors + sizeof entry->d_name + 32];
        snprintf(path, sizeof path, "%s/%s/thermal_throttle", processors, entry->d_name);
        struct mask mask = {path, true};
        hidden = !is_processor(entry->d_name) || masks_apply(sysfs, &mask, 1, null, false, failure);
    }
    closedir(entries);
    return hidden;
}

bool sysfs_mount(int place, const char *path, int null, struct failure *failure) {
    static const char *const none[] = {NULL};
    unsigned attributes =
        MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
    cleanup_fd int sysfs = tree_create("sysfs", none, attributes, failure);
    if (sysfs < 0) {
        /* mount_too_revealing() in fs/namespace.c */
        if (failure->error == EPERM)
            failed_hint(failure, "sysfs needs a network namespace of the sandbox's own, and a host "
                                 "whose /sys is not partly hidden (as in a container)");
        return false;
    }
    return mount_attach(sysfs, place, path, failure) &&
           masks_apply(sysfs, masks, sizeof masks / sizeof *masks, null, false, failure) &&
           hide_throttling(sysfs, null, failure);
}
