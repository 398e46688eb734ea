#include "overlay.h"
#include "cleanup.h"
#include "sources.h"
#include "stranger.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>

/* Until Linux 6.15 a mount can be a layer only while it has a place: on top of "/", for a moment.
 */
static bool stand(int layer, struct failure *failure) {
    if (move_mount(layer, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0)
        return failed(failure, "overlay", "move_mount", "/");
    return true;
}

/* The one that stands on top; the overlay keeps a copy of its own. */
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
        view = source_create("overlay", parameters, attributes, failure);
    return stranger_end(failure) ? take_fd(&view) : -1;
}

int overlay_view(int lower, struct failure *failure) {
    /* Without an upper layer an overlay wants two lower ones. */
    static const char *const parameters[] = {"mode=555", "nr_inodes=2", NULL};
    cleanup_fd int empty = source_create("tmpfs", parameters, MOUNT_ATTR_RDONLY, failure);
    if (empty < 0 || !stand(lower, failure) || !stand(empty, failure))
        return -1;
    cleanup_fd int view = create_view(lower, empty, failure);
    struct failure after;
    if (!take_down(empty, &after) || !take_down(lower, &after))
        return -1;
    return take_fd(&view);
}
