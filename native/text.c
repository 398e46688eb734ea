#include "text.h"
#include "cleanup.h"
#include "trees.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

static int make_file(int directory, const char *text, const char *path, struct failure *failure) {
    cleanup_fd int file =
        openat(directory, "text", O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0644);
    size_t length = strlen(text);
    if (file < 0 || write(file, text, length) != (ssize_t)length)
        return failed(failure, "mount", "write", path) - 1;
    return take_fd(&file);
}

/* The file keeps its file system, which nobody reaches otherwise. */
static bool uncover(int tree, const char *path, struct failure *failure) {
    char link[32];
    snprintf(link, sizeof link, "/proc/self/fd/%d", tree);
    return umount2(link, MNT_DETACH) == 0 || failed(failure, "mount", "umount2", path);
}

int text_mount(int scratch, const char *text, const char *path, struct failure *failure) {
    static const char *const parameters[] = {"mode=755", NULL};
    const unsigned attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
    cleanup_fd int tree = tree_create("tmpfs", parameters, attributes, failure);
    /* Before Linux 6.15 a copy is made of a mount that has its place only (open_tree(2)). */
    if (tree < 0 || !mount_attach(tree, scratch, path, failure))
        return -1;
    cleanup_fd int file = make_file(tree, text, path, failure);
    cleanup_fd int copy =
        file < 0 ? -1 : tree_copy(file, false, attributes | MOUNT_ATTR_RDONLY, path, failure);
    return copy >= 0 && uncover(tree, path, failure) ? take_fd(&copy) : -1;
}
