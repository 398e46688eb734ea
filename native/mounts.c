#include "mounts.h"
#include "cgroupfs.h"
#include "cleanup.h"
#include "overlay.h"
#include "proc.h"
#include "resolve.h"
#include "syscalls.h"
#include "sysfs.h"
#include "text.h"
#include "trees.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

static bool attach_at(struct building *building, int tree, const struct mount_spec *mount,
                      struct failure *failure) {
    struct stat source;
    if (fstat(tree, &source) < 0)
        return failed(failure, "mount", "fstat", mount->source);
    enum target_kind kind = S_ISDIR(source.st_mode) ? TARGET_DIRECTORY : TARGET_FILE;
    cleanup_fd int place = resolve_target(building->root, mount->target, kind, false, failure);
    return place >= 0 && mount_attach(tree, place, mount->target, failure);
}

static bool apply_bind(const struct mount_spec *mount, struct building *building,
                       struct failure *failure) {
    return attach_at(building, mount->tree, mount, failure);
}

/*
 * What a path means inside; only its last component may be no link. A link on the way there is
 * followed, as the mount of the workspace followed it: else a root directory could, with one above
 * the workspace, take its protection away.
 */
static int open_protected(int root, const char *path) {
    const char *name = strrchr(path, '/') + 1;
    cleanup_free char *parent = strndup(path, (size_t)(name - path));
    cleanup_fd int directory =
        parent ? resolve_existing(root, parent, O_PATH | O_DIRECTORY, 0) : -1;
    return directory < 0 ? -1 : resolve_existing(directory, name, O_PATH, RESOLVE_NO_SYMLINKS);
}

/* A mount point cannot be renamed or unlinked from inside, so a pinned path stays what it is. */
static bool apply_protect(const struct mount_spec *mount, struct building *building,
                          struct failure *failure) {
    cleanup_fd int place = open_protected(building->root, mount->target);
    bool absent = place < 0 && (errno == ENOENT || errno == ELOOP || errno == ENOTDIR);
    if (absent)
        return true;
    if (place < 0)
        return failed(failure, "mount", "openat2", mount->target);
    cleanup_fd int copy =
        tree_copy(place, true, mount->read_only ? MOUNT_ATTR_RDONLY : 0, mount->target, failure);
    return copy >= 0 && mount_attach(copy, place, mount->target, failure);
}

static bool apply_text(const struct mount_spec *mount, struct building *building,
                       struct failure *failure) {
    const char *name;
    cleanup_fd int parent = resolve_parent(building->root, mount->target, &name, failure);
    cleanup_fd int tree =
        parent < 0 ? -1 : text_mount(parent, mount->source, mount->target, failure);
    return tree >= 0 && attach_at(building, tree, mount, failure);
}

/* tmpfs(5) has fewer than these. */
enum { TMPFS_WORDS = 16 };

static bool apply_tmpfs(const struct mount_spec *mount, struct building *building,
                        struct failure *failure) {
    char mode[16];
    snprintf(mode, sizeof mode, "mode=%o", mount->mode);
    cleanup_free char *words = strdup(mount->source ? mount->source : mode);
    if (!words)
        return failed(failure, "mount", "strdup", mount->target);
    const char *parameters[TMPFS_WORDS + 1] = {NULL};
    char *rest = words;
    for (int i = 0; i < TMPFS_WORDS && rest; i++)
        parameters[i] = strsep(&rest, ",");
    cleanup_fd int tree =
        tree_create("tmpfs", parameters, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, failure);
    return tree >= 0 && attach_at(building, tree, mount, failure);
}

/* Of a layer in memory; a kept one is here already. */
static int open_layer(const struct mount_spec *mount, struct failure *failure) {
    static const char *const parameters[] = {"mode=700", NULL};
    if (mount->source)
        return fcntl(mount->tree, F_DUPFD_CLOEXEC, 3);
    return tree_create("tmpfs", parameters, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, failure);
}

/*
 * In the place of the root, not on top of it: two roots on "/" would hide the host's from the
 * umount that ends pivot_root, and leave it there.
 */
static bool replace_root(int *made, struct building *building, struct failure *failure) {
    char link[32];
    snprintf(link, sizeof link, "/proc/self/fd/%d", building->root);
    if (umount2(link, MNT_DETACH) < 0)
        return failed(failure, "overlay", "umount2", "/");
    if (!mount_stand(*made, failure))
        return false;
    close(building->root);
    building->root = take_fd(made);
    return true;
}

static bool apply_overlay(const struct mount_spec *mount, struct building *building,
                          struct failure *failure) {
    bool root = mount->target[strspn(mount->target, "/")] == '\0';
    cleanup_fd int place =
        root ? fcntl(building->root, F_DUPFD_CLOEXEC, 3)
             : resolve_existing(building->root, mount->target, O_PATH | O_DIRECTORY, 0);
    if (place < 0)
        return failed(failure, "overlay", "openat2", mount->target);
    cleanup_fd int layer = open_layer(mount, failure);
    cleanup_fd int made = layer < 0 ? -1 : overlay_writable(place, layer, failure);
    if (made < 0)
        return false;
    return root ? replace_root(&made, building, failure)
                : mount_attach(made, place, mount->target, failure);
}

static bool apply_directory(const struct mount_spec *mount, struct building *building,
                            struct failure *failure) {
    cleanup_fd int made =
        resolve_target(building->root, mount->target, TARGET_DIRECTORY, false, failure);
    return made >= 0;
}

/* A kept layer has its links from the last time. */
static bool links_to(int parent, const char *name, const char *to) {
    char text[PATH_MAX];
    int saved = errno;
    ssize_t length = saved == EEXIST ? readlinkat(parent, name, text, sizeof text) : -1;
    errno = saved;
    return length == (ssize_t)strlen(to) && memcmp(text, to, (size_t)length) == 0;
}

static bool apply_symlink(const struct mount_spec *mount, struct building *building,
                          struct failure *failure) {
    const char *name;
    cleanup_fd int parent = resolve_parent(building->root, mount->target, &name, failure);
    if (parent < 0)
        return false;
    if (symlinkat(mount->source, parent, name) == 0 || links_to(parent, name, mount->source))
        return true;
    return failed(failure, "mount", "symlinkat", mount->target);
}

/* A link at /proc, /sys or /dev would lead what is mounted there astray (CVE-2019-19921). */
static int own_place(const struct mount_spec *mount, const struct building *building,
                     struct failure *failure) {
    return resolve_target(building->root, mount->target, TARGET_DIRECTORY, true, failure);
}

static bool apply_proc(const struct mount_spec *mount, struct building *building,
                       struct failure *failure) {
    cleanup_fd int place = own_place(mount, building, failure);
    return place >= 0 && proc_mount(place, mount->target, building->devices.nodes[DEVICE_NULL],
                                    building->host_processes, failure);
}

static bool apply_dev(const struct mount_spec *mount, struct building *building,
                      struct failure *failure) {
    cleanup_fd int place = own_place(mount, building, failure);
    return place >= 0 &&
           dev_mount(place, mount->target, &building->devices, &building->terminals, failure);
}

static bool apply_sysfs(const struct mount_spec *mount, struct building *building,
                        struct failure *failure) {
    cleanup_fd int place = own_place(mount, building, failure);
    return place >= 0 &&
           sysfs_mount(place, mount->target, building->devices.nodes[DEVICE_NULL], failure);
}

static bool apply_cgroup(const struct mount_spec *mount, struct building *building,
                         struct failure *failure) {
    cleanup_fd int place = own_place(mount, building, failure);
    return place >= 0 && cgroupfs_mount(place, mount->target, failure);
}

static bool apply_simple(const char *type, const char *const *parameters, unsigned attributes,
                         const struct mount_spec *mount, struct building *building,
                         struct failure *failure) {
    cleanup_fd int place = own_place(mount, building, failure);
    attributes |= MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC;
    cleanup_fd int tree = place < 0 ? -1 : tree_create(type, parameters, attributes, failure);
    return tree >= 0 && mount_attach(tree, place, mount->target, failure);
}

static bool apply_mqueue(const struct mount_spec *mount, struct building *building,
                         struct failure *failure) {
    static const char *const none[] = {NULL};
    return apply_simple("mqueue", none, MOUNT_ATTR_NODEV, mount, building, failure);
}

static bool apply_devpts(const struct mount_spec *mount, struct building *building,
                         struct failure *failure) {
    return apply_simple("devpts", devpts_parameters, 0, mount, building, failure);
}

static bool (*const appliers[])(const struct mount_spec *, struct building *, struct failure *) = {
    [MOUNT_BIND] = apply_bind,       [MOUNT_PROTECT] = apply_protect,
    [MOUNT_TMPFS] = apply_tmpfs,     [MOUNT_DIRECTORY] = apply_directory,
    [MOUNT_SYMLINK] = apply_symlink, [MOUNT_PROC] = apply_proc,
    [MOUNT_DEV] = apply_dev,         [MOUNT_SYSFS] = apply_sysfs,
    [MOUNT_MQUEUE] = apply_mqueue,   [MOUNT_DEVPTS] = apply_devpts,
    [MOUNT_OVERLAY] = apply_overlay, [MOUNT_CGROUP] = apply_cgroup,
    [MOUNT_TEXT] = apply_text,
};

bool mounts_apply(const struct options *options, struct building *building,
                  struct failure *failure) {
    for (size_t i = 0; i < options->mount_count; i++) {
        const struct mount_spec *mount = &options->mounts[i];
        if (!appliers[mount->kind](mount, building, failure))
            return false;
    }
    return true;
}
