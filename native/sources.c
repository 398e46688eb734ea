#include "sources.h"
#include "beneath.h"
#include "cleanup.h"
#include "overlay.h"
#include "staging.h"
#include "trees.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

static const struct {
    unsigned long magic; /* statfs(2) */
    const char *name;
} file_systems[] = {
    {0x794c7630, "overlayfs"}, {0x65735546, "FUSE"},  {0x6969, "NFS"},     {0x01021997, "9p"},
    {0x01021994, "tmpfs"},     {0xff534d42, "CIFS"},  {0xfe534d42, "SMB"}, {0xf15f, "eCryptfs"},
    {0x9fa0, "procfs"},        {0x62656572, "sysfs"}, {0x2fc12fc1, "ZFS"}, {0x4d44, "FAT"},
};

static const char *file_system_name(const char *path, char *number, size_t size) {
    struct statfs facts;
    if (statfs(path, &facts) < 0)
        return "this file system";
    for (size_t i = 0; i < sizeof file_systems / sizeof *file_systems; i++)
        if (file_systems[i].magic == (unsigned long)facts.f_type)
            return file_systems[i].name;
    snprintf(number, size, "the file system of type 0x%lx", (unsigned long)facts.f_type);
    return number;
}

static bool idmap_failed(const char *path, struct failure *failure) {
    char number[64], hint[256];
    failed(failure, "idmap", "mount_setattr", path);
    snprintf(hint, sizeof hint,
             "the kernel refuses to id-map %s, or a mount below it; mount it without id-mapping",
             file_system_name(path, number, sizeof number));
    return failed_hint(failure, hint);
}

static bool id_map(const struct mount_spec *mount, int user_namespace, struct failure *failure) {
    struct mount_attr change = {.attr_set = MOUNT_ATTR_IDMAP,
                                .userns_fd = (unsigned)user_namespace};
    int flags = AT_EMPTY_PATH | (mount->single ? 0 : AT_RECURSIVE);
    return mount_setattr(mount->tree, "", flags, &change, sizeof change) == 0 ||
           idmap_failed(mount->source, failure);
}

/*
 * Without links: whoever may write to a directory on the way, such as a sandbox that has a folder
 * above this one, could put one in after the caller had looked where the path leads.
 */
static int open_place(const char *source, struct failure *failure) {
    int place = open_beneath(AT_FDCWD, source, O_PATH, RESOLVE_NO_SYMLINKS);
    if (place >= 0)
        return place;
    failed(failure, "mount", "openat2", source);
    if (failure->error == ELOOP)
        failed_hint(failure, "there is a symbolic link in this path: give the one without (as "
                             "realpath prints it)");
    return -1;
}

/* What the descriptor holds is what is mounted: it is looked at after it was opened. */
static bool check_device(int place, const char *source, struct failure *failure) {
    struct stat what;
    if (fstat(place, &what) < 0)
        return failed(failure, "mount", "fstat", source);
    if (S_ISCHR(what.st_mode) || S_ISBLK(what.st_mode))
        return true;
    return failed_because(failure, ENODEV, "mount", "fstat", source, "it is no device node");
}

static int copy_source(int place, const struct mount_spec *mount, unsigned attributes,
                       struct failure *failure) {
    int tree = tree_copy(place, !mount->single, attributes, mount->source, failure);
    /* has_locked_children() in fs/namespace.c */
    if (tree < 0 && mount->single && failure->error == EINVAL)
        failed_hint(failure, "what is mounted below this directory hides a part of it, which the "
                             "kernel shows to the host's root only: mount it with all below it");
    return tree;
}

/* By the monitor, which sends it: what is not detached could not leave its mount namespace. */
static int copy_mapped(int place, const struct mount_spec *mount, unsigned attributes,
                       struct failure *failure) {
    int tree = tree_copy_detached(place, !mount->single, attributes, mount->source, failure);
    if (tree < 0 && (failure->error == ENOSYS || failure->error == EPERM))
        failed_hint(failure, "id-mapped mounts need root and the mount calls of Linux 5.12, which "
                             "an older kernel lacks and a filter (of a container around us) may "
                             "hide; mount it without id-mapping");
    return tree;
}

bool source_open(struct mount_spec *mount, int user_namespace, struct failure *failure) {
    cleanup_fd int place = open_place(mount->source, failure);
    if (place < 0 ||
        (mount->kind == MOUNT_OVERLAY && !overlay_check_layer(place, mount->source, failure)) ||
        (mount->device && !check_device(place, mount->source, failure)))
        return false;
    unsigned attributes = (mount->device ? MOUNT_ATTR_NOEXEC : MOUNT_ATTR_NODEV) |
                          (mount->set_id ? 0 : MOUNT_ATTR_NOSUID) |
                          (mount->read_only ? MOUNT_ATTR_RDONLY : 0);
    mount->tree = user_namespace < 0 ? copy_source(place, mount, attributes, failure)
                                     : copy_mapped(place, mount, attributes, failure);
    return mount->tree >= 0 && (user_namespace < 0 || id_map(mount, user_namespace, failure));
}

/* What cannot be had as a view is had as it is: then the host's ids look like nobody's inside. */
static bool open_view(struct mount_spec *mount, struct failure *failure) {
    cleanup_fd int lower = take_fd(&mount->tree);
    mount->tree = lower < 0 ? -1 : overlay_view(lower, failure);
    if (mount->tree >= 0 || !mount->optional)
        return mount->tree >= 0;
    mount->view = mount->single = false;
    return source_open(mount, -1, failure);
}

/* An id-mapped one is here already, from the monitor. */
static bool prepare_source(struct mount_spec *mount, struct failure *failure) {
    if (mount->view)
        return open_view(mount, failure);
    return mount->tree >= 0 || source_open(mount, -1, failure);
}

bool sources_open(struct options *options, struct failure *failure) {
    if (!staging_prepare(failure))
        return false;
    if (options->root.source && !prepare_source(&options->root, failure))
        return false;
    for (size_t i = 0; i < options->mount_count; i++) {
        struct mount_spec *mount = &options->mounts[i];
        bool layer = mount->kind == MOUNT_OVERLAY && mount->source;
        if ((mount->kind == MOUNT_BIND || layer) && !prepare_source(mount, failure))
            return false;
    }
    return true;
}
