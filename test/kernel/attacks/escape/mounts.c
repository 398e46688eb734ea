/* Mounts, devices, other namespaces, other cgroups. */
#define _GNU_SOURCE
#include "escape.h"
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

enum { KMSG_MAJOR = 1, KMSG_MINOR = 11 };

/*
 * Mounts it where `use` looks at what it got: on a directory that is there in
 * any case, because the host's root, if that is who we are, can make none on a
 * file system that knows no such user.
 */
static long with_mount(const char *source, const char *type, long (*use)(const char *directory)) {
    static const char directory[] = "/var/tmp";
    if (mount(source, directory, type, 0, NULL) < 0)
        return -1;
    long result = use(directory);
    int error = errno;
    umount2(directory, MNT_DETACH);
    errno = error;
    return result;
}
static long open_inside(const char *directory, const char *name, int flags) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    return can_open(path, flags);
}

static long is_there(const char *directory) {
    return can_open(directory, O_RDONLY);
}
static long mount_tmpfs(void) {
    return with_mount("none", "tmpfs", is_there);
}
static long mount_tmpfs_by_descriptors(void) {
    int context = (int)syscall(SYS_fsopen, "tmpfs", 0);
    if (context < 0 || syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
        return -1;
    return syscall(SYS_fsmount, context, 0, 0);
}

static const char *make_node(mode_t type, dev_t device) {
    const char *path = scratch("node");
    unlink(path);
    return mknod(path, type | 0600, device) < 0 ? NULL : path;
}
static long open_node(mode_t type, dev_t device) {
    const char *path = make_node(type, device);
    return path ? can_open(path, O_RDONLY) : -1;
}
static dev_t disk(void) {
    unsigned major = 0, minor = 0;
    sscanf(given("DISK"), "%u:%u", &major, &minor);
    return makedev(major, minor);
}
static long read_disk(void) {
    return open_node(S_IFBLK, disk());
}
static long read_kernel_log_device(void) {
    return open_node(S_IFCHR, makedev(KMSG_MAJOR, KMSG_MINOR));
}
static long mount_disk(void) {
    const char *node = make_node(S_IFBLK, disk());
    return node ? with_mount(node, "ext4", is_there) : -1;
}

/* A mount's copy without what is mounted on it: the files that are masked in
 * /proc. */
static long look_under_masks(void) {
    char byte;
    int proc = (int)syscall(SYS_open_tree, AT_FDCWD, "/proc", OPEN_TREE_CLONE);
    if (proc < 0)
        return -1;
    int file = openat(proc, "interrupts", O_RDONLY);
    return file >= 0 && read(file, &byte, 1) == 1 ? 0 : -1;
}
static long make_writable(void) {
    struct mount_attr attributes = {.attr_clr = MOUNT_ATTR_RDONLY};
    int tree = (int)syscall(SYS_open_tree, AT_FDCWD, "/usr", OPEN_TREE_CLONE);
    if (tree < 0)
        return -1;
    return syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &attributes, sizeof attributes);
}
/* chroot(2), "Notes": who holds a directory outside walks up from there. */
static long walk_out_of_root(void) {
    int outside = open("/", O_RDONLY | O_DIRECTORY);
    if (chroot("/usr") < 0 || fchdir(outside) < 0)
        return -1;
    for (int depth = 0; depth < 64; depth++)
        if (chdir("..") < 0)
            return -1;
    return chroot(".") < 0 ? -1 : can_open(given("NOTE"), O_RDONLY);
}

static long neighbours_root(const char *proc) {
    char path[256];
    snprintf(path, sizeof path, "%s/root%s", given("NEIGHBOUR"), given("SECRET"));
    return open_inside(proc, path, O_RDONLY);
}
static long neighbours_memory(const char *proc) {
    char path[64];
    snprintf(path, sizeof path, "%s/mem", given("NEIGHBOUR"));
    return open_inside(proc, path, O_RDWR);
}
static long enter_root_of_neighbour(void) {
    return with_mount("proc", "proc", neighbours_root);
}
static long write_memory_of_neighbour(void) {
    return with_mount("proc", "proc", neighbours_memory);
}
static long join_hosts_network(void) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%s/ns/net", given("NEIGHBOUR"));
    int namespace = open(path, O_RDONLY);
    return namespace < 0 ? -1 : setns(namespace, CLONE_NEWNET);
}

/* Opened only: what harms the machine when it is written to is tried in a
 * virtual one. */
static long write_sysfs(void) {
    return can_open("/sys/kernel/rcu_expedited", O_WRONLY);
}
static long write_sysctl(void) {
    return can_open("/proc/sys/vm/swappiness", O_WRONLY);
}
static long own_limit(const char *cgroup) {
    return open_inside(cgroup, "cgroup.max.depth", O_WRONLY);
}
static long others_processes(const char *cgroup) {
    return open_inside(cgroup, "terrarium/cgroup.procs", O_WRONLY);
}
static long rewrite_limit(void) {
    return with_mount("none", "cgroup2", own_limit);
}
static long move_to_other_cgroup(void) {
    return with_mount("none", "cgroup2", others_processes);
}

/* The kernel's larger half, in a user namespace of one's own: CVE-2023-0386,
 * CVE-2021-3493. */
static long mount_overlay_in_new_namespaces(void) {
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
        return -1;
    return mount("overlay", "/etc", "overlay", 0, "lowerdir=/etc:/usr");
}
static long ended(pid_t child) {
    if (child == 0)
        _exit(0);
    return child < 0 ? -1 : waitpid(child, NULL, 0);
}
static long clone_user_namespace(void) {
    return ended((pid_t)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0));
}
/* The flags lie in memory, where a filter cannot look. */
static long clone3_user_namespace(void) {
    struct clone_args arguments = {.flags = CLONE_NEWUSER, .exit_signal = SIGCHLD};
    return ended((pid_t)syscall(SYS_clone3, &arguments, sizeof arguments));
}

const struct attempt on_mounts[] = {
    ATTEMPT(mount_tmpfs),
    ATTEMPT(mount_tmpfs_by_descriptors),
    ATTEMPT(read_disk),
    ATTEMPT(read_kernel_log_device),
    ATTEMPT(mount_disk),
    ATTEMPT(look_under_masks),
    ATTEMPT(make_writable),
    ATTEMPT(walk_out_of_root),
    ATTEMPT(enter_root_of_neighbour),
    ATTEMPT(write_memory_of_neighbour),
    ATTEMPT(join_hosts_network),
    ATTEMPT(write_sysfs),
    ATTEMPT(write_sysctl),
    ATTEMPT(rewrite_limit),
    ATTEMPT(move_to_other_cgroup),
    ATTEMPT(mount_overlay_in_new_namespaces),
    ATTEMPT(clone_user_namespace),
    ATTEMPT(clone3_user_namespace),
    END_OF_ATTEMPTS,
};
