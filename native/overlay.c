#include "overlay.h"
#include "cleanup.h"
#include "stranger.h"
#include "trees.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

/*
 * Until Linux 6.15 a mount can be a layer only while it has a place: on top of "/", for a moment.
 * The overlay keeps a copy of its own.
 */
static bool take_down(int layer, struct failure *failure) {
    char link[32];
    snprintf(link, sizeof link, "/proc/self/fd/%d", layer);
    return umount2(link, MNT_DETACH) == 0 || failed(failure, "overlay", "umount2", link);
}

/*
 * overlayfs asks twice: whether the caller may, by the file's owner and mode as they look inside,
 * and whether who made the overlay may. The second must be a stranger: to the caller, root inside,
 * an id-mapped 0600 file of the host's root is its own.
 */
static int create_view(int lower, int empty, struct failure *failure) {
    char layers[96];
    snprintf(layers, sizeof layers, "lowerdir=/proc/self/fd/%d:/proc/self/fd/%d", lower, empty);
    const char *const parameters[] = {layers, NULL};
    unsigned attributes = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
    cleanup_fd int view = -1;
    if (stranger_begin(failure))
        view = tree_create("overlay", parameters, attributes, failure);
    return stranger_end(failure) ? take_fd(&view) : -1;
}

int overlay_view(int lower, struct failure *failure) {
    /* Without an upper layer an overlay wants two lower ones. */
    static const char *const parameters[] = {"mode=555", "nr_inodes=2", NULL};
    cleanup_fd int empty = tree_create("tmpfs", parameters, MOUNT_ATTR_RDONLY, failure);
    if (empty < 0 || !mount_stand(lower, failure) || !mount_stand(empty, failure))
        return -1;
    cleanup_fd int view = create_view(lower, empty, failure);
    /* A failure before this one is the one to tell. */
    struct failure after, *told = view < 0 ? &after : failure;
    return take_down(empty, told) && take_down(lower, told) ? take_fd(&view) : -1;
}

bool overlay_check_layer(int place, const char *path, struct failure *failure) {
    /* statfs(2): ext4, XFS, Btrfs, F2FS, ZFS, bcachefs, tmpfs. Not FUSE or NFS: CVE-2023-0386. */
    static const unsigned long trusted[] = {0xef53,     0x58465342, 0x9123683e, 0xf2f52010,
                                            0x2fc12fc1, 0xca451a4e, 0x01021994};
    struct statfs facts;
    if (fstatfs(place, &facts) < 0)
        return failed(failure, "overlay", "fstatfs", path);
    for (size_t i = 0; i < sizeof trusted / sizeof *trusted; i++)
        if (trusted[i] == (unsigned long)facts.f_type)
            return true;
    return failed_because(failure, EINVAL, "overlay", "fstatfs", path,
                          "a layer can be kept on a local file system only (ext4, XFS, Btrfs ...)");
}

/* A directory of the layer; a new one is like the lower one, whose place its root will take. */
static int open_part(int layer, const char *name, int like, struct failure *failure) {
    struct stat what = {.st_mode = 0700};
    if (like >= 0 && fstat(like, &what) < 0)
        return failed(failure, "overlay", "fstat", name) - 1;
    bool made = mkdirat(layer, name, 0700) == 0;
    if (!made && errno != EEXIST)
        return failed(failure, "overlay", "mkdirat", name) - 1;
    cleanup_fd int part = openat(layer, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (part < 0)
        return failed(failure, "overlay", "openat", name) - 1;
    /* An owner that has no name inside cannot be given: the directory stays the user's own. */
    if (made && like >= 0 && fchown(part, what.st_uid, what.st_gid) < 0 && errno != EINVAL &&
        errno != EPERM)
        return failed(failure, "overlay", "fchown", name) - 1;
    if (made && fchmod(part, what.st_mode & 01777) < 0)
        return failed(failure, "overlay", "fchmod", name) - 1;
    return take_fd(&part);
}

/* userxattr: the trusted ones, which say what was deleted, belong to the host's root. */
static int create_writable(int lower, int upper, int work, struct failure *failure) {
    char layers[3][48];
    snprintf(layers[0], sizeof *layers, "lowerdir=/proc/self/fd/%d", lower);
    snprintf(layers[1], sizeof *layers, "upperdir=/proc/self/fd/%d", upper);
    snprintf(layers[2], sizeof *layers, "workdir=/proc/self/fd/%d", work);
    const char *const parameters[] = {layers[0], layers[1], layers[2], "userxattr", NULL};
    int made = tree_create("overlay", parameters, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, failure);
    if (made < 0 && failure->error == EINVAL)
        failed_hint(failure, "overlays can be stacked two high: where the host's own root is one "
                             "already (as in a container), there is no place for this");
    return made;
}

int overlay_writable(int lower, int layer, struct failure *failure) {
    cleanup_fd int upper = open_part(layer, "upper", lower, failure);
    cleanup_fd int work = upper < 0 ? -1 : open_part(layer, "work", -1, failure);
    if (work < 0 || !mount_stand(layer, failure))
        return -1;
    cleanup_fd int made = create_writable(lower, upper, work, failure);
    struct failure after;
    return take_down(layer, made < 0 ? &after : failure) ? take_fd(&made) : -1;
}
