#include "dev.h"
#include "cleanup.h"
#include "trees.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

const char *const devpts_parameters[] = {"newinstance", "mode=620", "ptmxmode=666", NULL};

static const struct {
    const char *name, *host;
    unsigned major, minor; /* Documentation/admin-guide/devices.txt */
} nodes[DEVICE_COUNT] = {
    [DEVICE_NULL] = {"null", "/dev/null", 1, 3},
    [DEVICE_ZERO] = {"zero", "/dev/zero", 1, 5},
    [DEVICE_FULL] = {"full", "/dev/full", 1, 7},
    [DEVICE_RANDOM] = {"random", "/dev/random", 1, 8},
    [DEVICE_URANDOM] = {"urandom", "/dev/urandom", 1, 9},
    [DEVICE_TTY] = {"tty", "/dev/tty", 5, 0},
};

static const struct {
    const char *name, *target;
} links[] = {
    {"fd", "/proc/self/fd"},       {"stdin", "/proc/self/fd/0"}, {"stdout", "/proc/self/fd/1"},
    {"stderr", "/proc/self/fd/2"}, {"ptmx", "pts/ptmx"},
};

bool devices_open(struct devices *devices, struct failure *failure) {
    for (int i = 0; i < DEVICE_COUNT; i++) {
        int node = open(nodes[i].host, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        struct stat what;
        if (node < 0 || fstat(node, &what) < 0)
            return failed(failure, "dev", "open", nodes[i].host);
        devices->nodes[i] = node;
        if (!S_ISCHR(what.st_mode) || what.st_rdev != makedev(nodes[i].major, nodes[i].minor))
            return failed_because(failure, ENODEV, "dev", "fstat", nodes[i].host,
                                  "the host's node is not the device that it should be");
    }
    return true;
}

static bool add_node(int dev, int i, const struct devices *devices, struct failure *failure) {
    cleanup_fd int made =
        openat(dev, nodes[i].name, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (made < 0)
        return failed(failure, "dev", "openat", nodes[i].name);
    unsigned attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC;
    cleanup_fd int node = tree_copy(devices->nodes[i], true, attributes, nodes[i].host, failure);
    return node >= 0 && mount_attach(node, made, nodes[i].name, failure);
}

/* A file system of its own in a new directory of /dev; its descriptor, or -1. */
static int add_file_system(int dev, const char *name, const char *type,
                           const char *const *parameters, unsigned attributes,
                           struct failure *failure) {
    cleanup_fd int tree = tree_create(type, parameters, attributes, failure);
    if (tree < 0)
        return -1;
    if (mkdirat(dev, name, 0755) < 0)
        return failed(failure, "dev", "mkdirat", name) - 1;
    cleanup_fd int place = openat(dev, name, O_PATH | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC);
    if (place < 0)
        return failed(failure, "dev", "openat", name) - 1;
    return mount_attach(tree, place, name, failure) ? take_fd(&tree) : -1;
}

static bool fill(int dev, const struct devices *devices, int *terminals, struct failure *failure) {
    static const char *const shared[] = {"mode=1777", NULL};
    for (int i = 0; i < DEVICE_COUNT; i++)
        if (!add_node(dev, i, devices, failure))
            return false;
    for (size_t i = 0; i < sizeof links / sizeof *links; i++)
        if (symlinkat(links[i].target, dev, links[i].name) < 0)
            return failed(failure, "dev", "symlinkat", links[i].name);
    unsigned attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC;
    *terminals = add_file_system(dev, "pts", "devpts", devpts_parameters, attributes, failure);
    attributes |= MOUNT_ATTR_NODEV;
    cleanup_fd int shm =
        *terminals < 0 ? -1 : add_file_system(dev, "shm", "tmpfs", shared, attributes, failure);
    return shm >= 0;
}

bool dev_mount(int place, const char *path, const struct devices *devices, int *terminals,
               struct failure *failure) {
    static const char *const parameters[] = {"mode=755", NULL};
    unsigned attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC;
    cleanup_fd int dev = tree_create("tmpfs", parameters, attributes, failure);
    return dev >= 0 && mount_attach(dev, place, path, failure) &&
           fill(dev, devices, terminals, failure);
}
