#include "toolbox.h"
#include "cleanup.h"
#include "root.h"
#include "trees.h"
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

/* Busybox has 2 MB; what is copied is memory of the target's. */
enum { PROGRAM_MAX = 16 << 20 };

/*
 * Where programs look for files of the target's: its libraries and their loader, its /etc, its
 * terminals and processes. They are the kernel's to follow, later and with the target's own rights.
 */
static const char *const links[] = {"dev",    "etc", "home", "lib",  "lib32", "lib64",
                                    "libx32", "opt", "proc", "root", "run",   "srv",
                                    "sys",    "tmp", "usr",  "var"};

bool toolbox_open(const struct options *options, int *program, struct failure *failure) {
    struct stat facts;
    const char *path = options->toolbox;
    *program = -1;
    if (!path)
        return true;
    cleanup_fd int file = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (file < 0 || fstat(file, &facts) < 0)
        return failed(failure, "toolbox", "open", path);
    if (!S_ISREG(facts.st_mode) || facts.st_size > PROGRAM_MAX)
        return failed_because(failure, ENOEXEC, "toolbox", "fstat", path,
                              "it is no program of at most 16 MiB");
    *program = take_fd(&file);
    return true;
}

/* By content: a mount of the host's own file would show the target's processes what is the host's.
 */
static bool copy_program(int program, int bin, const char *name, struct failure *failure) {
    struct stat facts;
    cleanup_fd int copy = openat(bin, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0555);
    if (copy < 0 || fstat(program, &facts) < 0)
        return failed(failure, "toolbox", "openat", name);
    for (off_t at = 0; at < facts.st_size;) {
        ssize_t sent = sendfile(copy, program, &at, (size_t)(facts.st_size - at));
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return failed(failure, "toolbox", "sendfile", name);
    }
    return true;
}

static bool name_tools(const struct options *options, int bin, const char *program,
                       struct failure *failure) {
    for (size_t i = 0; i < options->tools.count; i++) {
        const char *tool = options->tools.items[i];
        if (symlinkat(program, bin, tool) < 0 && errno != EEXIST)
            return failed(failure, "toolbox", "symlinkat", tool);
    }
    return true;
}

static bool link_target(int root, struct failure *failure) {
    for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
        char to[32];
        snprintf(to, sizeof to, "target/%s", links[i]);
        if (symlinkat(to, root, links[i]) < 0)
            return failed(failure, "toolbox", "symlinkat", links[i]);
    }
    return true;
}

static int make_directory(int root, const char *name, struct failure *failure) {
    int made = mkdirat(root, name, 0755) < 0 ? -1 : openat(root, name, O_PATH | O_CLOEXEC);
    if (made < 0)
        failed(failure, "toolbox", "mkdirat", name);
    return made;
}

/* What the launcher itself does is bounded by no mask of the target's. */
static bool fill(const struct options *options, int root, int program, struct failure *failure) {
    const char *name = strrchr(options->toolbox, '/');
    name = name ? name + 1 : options->toolbox;
    mode_t mask = umask(0);
    cleanup_fd int bin = make_directory(root, "bin", failure);
    bool filled = bin >= 0 && copy_program(program, bin, name, failure) &&
                  name_tools(options, bin, name, failure) && link_target(root, failure);
    umask(mask);
    return filled;
}

static bool place_target(int root, int tree, struct failure *failure) {
    cleanup_fd int place = make_directory(root, "target", failure);
    return place >= 0 && mount_attach(tree, place, "/target", failure);
}

/*
 * unshare(2) gives who calls it the copy of the mount that its working directory lies in; another
 * descriptor of the target's root still means the target's own. In a user namespace that does not
 * own the target's mounts each of them is locked (mount_namespaces(7)), so that none could be moved
 * or taken away from another; but all of them together can be copied, and the whole of the old root
 * left behind.
 */
static int copy_mounts(const struct target *target, struct failure *failure) {
    if (fchdir(target->root) < 0)
        return failed(failure, "toolbox", "fchdir", "/") - 1;
    if (unshare(CLONE_NEWNS) < 0)
        return failed(failure, "toolbox", "unshare(CLONE_NEWNS)", NULL) - 1;
    /* Neither to the target, with whom shared mounts would be shared still, nor from it. */
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return failed(failure, "toolbox", "mount(MS_PRIVATE)", "/") - 1;
    return tree_copy_detached(AT_FDCWD, true, 0, "/target", failure);
}

static bool reopen_target(struct target *target, struct failure *failure) {
    cleanup_close_descriptor(&target->root);
    cleanup_close_descriptor(&target->directory);
    target->root = open("/target", O_PATH | O_DIRECTORY | O_CLOEXEC);
    target->directory = fcntl(target->root, F_DUPFD_CLOEXEC, 3);
    return target->directory >= 0 || failed(failure, "toolbox", "open", "/target");
}

bool toolbox_enter(const struct options *options, struct target *target, int program,
                   struct failure *failure) {
    static const char *const parameters[] = {"mode=755", NULL};
    cleanup_fd int tree = copy_mounts(target, failure);
    cleanup_fd int root =
        tree < 0 ? -1
                 : tree_create("tmpfs", parameters, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, failure);
    return root >= 0 && mount_stand(root, failure) && fill(options, root, program, failure) &&
           place_target(root, tree, failure) && mount_seal(root, "/", failure) &&
           root_enter(root, failure) && reopen_target(target, failure);
}
