#include "masks.h"
#include "cleanup.h"
#include "resolve.h"
#include "syscalls.h"
#include "trees.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

/* An empty directory hides a directory, /dev/null hides a file. */
static int hidden(int place, int null, const char *name, struct failure *failure) {
    static const char *const parameters[] = {"mode=555", "nr_inodes=2", NULL};
    struct stat what;
    if (fstat(place, &what) < 0)
        return failed(failure, "mask", "fstat", name) - 1;
    if (!S_ISDIR(what.st_mode))
        return tree_copy(null, true, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, name, failure);
    return tree_create("tmpfs", parameters,
                       MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
                       failure);
}

static bool apply(int tree, const struct mask *mask, int null, bool of_host,
                  struct failure *failure) {
    const char *name = mask->name;
    uint64_t resolve = RESOLVE_NO_SYMLINKS | (of_host ? 0 : RESOLVE_NO_XDEV);
    cleanup_fd int place = resolve_existing(tree, name, O_PATH, resolve);
    if (place < 0 && errno == ENOENT)
        return true;
    if (place < 0)
        return failed(failure, "mask", "openat2", name);
    cleanup_fd int cover = mask->hidden ? hidden(place, null, name, failure)
                                        : tree_copy(place, true, MOUNT_ATTR_RDONLY, name, failure);
    return cover >= 0 && mount_attach(cover, place, name, failure);
}

bool masks_apply(int tree, const struct mask *masks, size_t count, int null, bool of_host,
                 struct failure *failure) {
    for (size_t i = 0; i < count; i++)
        if (!apply(tree, &masks[i], null, of_host, failure))
            return false;
    return true;
}
