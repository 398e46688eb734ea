#include "sources.h"
#include "beneath.h"
#include "cleanup.h"
#include "overlay.h"
#include "restrict.h"
#include "staging.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
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

/*
 * Private, not slave: what the host mounts below the source later would arrive without nosuid,
 * nodev and read-only. And a shared copy would carry init's own mounts out to the host.
 */
static int detached_copy(int place, bool recursive, unsigned attributes, const char *path,
                         struct failure *failure) {
    unsigned depth = recursive ? AT_RECURSIVE : 0;
    cleanup_fd int tree =
        open_tree(place, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | depth);
    if (tree < 0)
        return failed(failure, "mount", "open_tree", path) - 1;
    struct mount_attr change = {.attr_set = attributes, .propagation = MS_PRIVATE};
    if (mount_setattr(tree, "", AT_EMPTY_PATH | depth, &change, sizeof change) < 0)
        return failed(failure, "mount", "mount_setattr", path) - 1;
    return take_fd(&tree);
}

static int copy(int place, bool recursive, unsigned attributes, const char *path,
                struct failure *failure) {
    int tree = detached_copy(place, recursive, attributes, path, failure);
    if (tree < 0 && mount_call_missing(failure->error))
        tree = staged_copy(place, recursive, attributes, path, failure);
    return tree;
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

static int copy_source(int place, const struct mount_spec *mount, unsigned attributes,
                       struct failure *failure) {
    int tree = copy(place, !mount->single, attributes, mount->source, failure);
    /* has_locked_children() in fs/namespace.c */
    if (tree < 0 && mount->single && failure->error == EINVAL)
        failed_hint(failure, "what is mounted below this directory hides a part of it, which the "
                             "kernel shows to the host's root only: mount it with all below it");
    return tree;
}

/* By the monitor, which sends it: what is not detached could not leave its mount namespace. */
static int copy_mapped(int place, const struct mount_spec *mount, unsigned attributes,
                       struct failure *failure) {
    int tree = detached_copy(place, !mount->single, attributes, mount->source, failure);
    if (tree < 0 && (failure->error == ENOSYS || failure->error == EPERM))
        failed_hint(failure, "id-mapped mounts need root and the mount calls of Linux 5.12, which "
                             "an older kernel lacks and a filter (of a container around us) may "
                             "hide; mount it without id-mapping");
    return tree;
}

bool source_open(struct mount_spec *mount, int user_namespace, struct failure *failure) {
    cleanup_fd int place = open_place(mount->source, failure);
    if (place < 0 ||
        (mount->kind == MOUNT_OVERLAY && !overlay_check_layer(place, mount->source, failure)))
        return false;
    unsigned attributes = MOUNT_ATTR_NODEV | (mount->set_id ? 0 : MOUNT_ATTR_NOSUID) |
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

int source_copy(int place, unsigned attributes, const char *path, struct failure *failure) {
    return copy(place, true, attributes, path, failure);
}

static bool configure(int context, const char *parameter, struct failure *failure) {
    char key[64];
    snprintf(key, sizeof key, "%s", parameter);
    char *equals = strchr(key, '=');
    int done;
    if (equals) {
        *equals = '\0';
        done = fsconfig(context, FSCONFIG_SET_STRING, key, equals + 1, 0);
    } else {
        done = fsconfig(context, FSCONFIG_SET_FLAG, key, NULL, 0);
    }
    return done == 0 || failed(failure, "mount", "fsconfig", parameter);
}

static int detached_create(const char *type, const char *const *parameters, unsigned attributes,
                           struct failure *failure) {
    cleanup_fd int context = fsopen(type, FSOPEN_CLOEXEC);
    if (context < 0)
        return failed(failure, "mount", "fsopen", type) - 1;
    for (; *parameters; parameters++)
        if (!configure(context, *parameters, failure))
            return -1;
    if (fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
        return failed(failure, "mount", "fsconfig(create)", type) - 1;
    int mounted = fsmount(context, FSMOUNT_CLOEXEC, attributes);
    if (mounted < 0)
        return failed(failure, "mount", "fsmount", type) - 1;
    return mounted;
}

int source_create(const char *type, const char *const *parameters, unsigned attributes,
                  struct failure *failure) {
    int tree = detached_create(type, parameters, attributes, failure);
    if (tree < 0 && mount_call_missing(failure->error))
        tree = staged_create(type, parameters, attributes, failure);
    return tree;
}

bool mount_attach(int tree, int place, const char *path, struct failure *failure) {
    char to[32];
    if (move_mount(tree, "", place, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) == 0)
        return true;
    failed(failure, "mount", "move_mount", path);
    snprintf(to, sizeof to, "/proc/self/fd/%d", place);
    return mount_call_missing(failure->error) && mount_move(tree, to, path, failure);
}

bool mount_stand(int tree, struct failure *failure) {
    if (move_mount(tree, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) == 0)
        return true;
    failed(failure, "mount", "move_mount", "/");
    return mount_call_missing(failure->error) && mount_move(tree, "/", "/", failure);
}

bool mount_seal(int mount, const char *path, struct failure *failure) {
    struct mount_attr sealed = {.attr_set = MOUNT_ATTR_RDONLY};
    if (mount_setattr(mount, "", AT_EMPTY_PATH, &sealed, sizeof sealed) == 0)
        return true;
    failed(failure, "mount", "mount_setattr", path);
    return mount_call_missing(failure->error) &&
           restrict_mount(mount, MOUNT_ATTR_RDONLY, path, failure);
}
