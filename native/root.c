#include "root.h"
#include "cleanup.h"
#include "trees.h"
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/syscall.h>

static int root_tree(const struct options *options, struct failure *failure) {
    static const char *const parameters[] = {"mode=755", NULL};
    if (options->root.source)
        return fcntl(options->root.tree, F_DUPFD_CLOEXEC, 3);
    return tree_create("tmpfs", parameters, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, failure);
}

bool root_attach(const struct options *options, struct building *building,
                 struct failure *failure) {
    if (mount(NULL, "/", NULL, MS_SLAVE | MS_REC, NULL) < 0)
        return failed(failure, "root", "mount(MS_SLAVE)", "/");
    cleanup_fd int tree = root_tree(options, failure);
    if (tree < 0)
        return false;
    /* On top of "/": the process's own root stays below until pivot_root, so "/" still works. */
    if (!mount_stand(tree, failure))
        return false;
    building->root = take_fd(&tree);
    return true;
}

bool root_seal(const struct building *building, struct failure *failure) {
    return mount_seal(building->root, "/", failure);
}

bool root_enter(int root, struct failure *failure) {
    if (fchdir(root) < 0)
        return failed(failure, "root", "fchdir", "/");
    /* pivot_root(2), "pivot_root(".", ".")": the old root ends up stacked on the new one. */
    if (syscall(SYS_pivot_root, ".", ".") < 0)
        return failed(failure, "root", "pivot_root", ".");
    if (umount2(".", MNT_DETACH) < 0)
        return failed(failure, "root", "umount2", ".");
    if (chdir("/") < 0)
        return failed(failure, "root", "chdir", "/");
    return true;
}
