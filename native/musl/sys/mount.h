/* musl 1.2.3 knows mount(2) only; glibc 2.36 has the mount API by descriptors here, too. */
#pragma once
#include_next <sys/mount.h>

#include <linux/mount.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

static inline int open_tree(int directory, const char *path, unsigned flags) {
    return (int)syscall(SYS_open_tree, directory, path, flags);
}

static inline int move_mount(int from, const char *from_path, int to, const char *to_path,
                             unsigned flags) {
    return (int)syscall(SYS_move_mount, from, from_path, to, to_path, flags);
}

static inline int mount_setattr(int directory, const char *path, unsigned flags,
                                struct mount_attr *attributes, size_t size) {
    return (int)syscall(SYS_mount_setattr, directory, path, flags, attributes, size);
}

static inline int fsopen(const char *type, unsigned flags) {
    return (int)syscall(SYS_fsopen, type, flags);
}

static inline int fsconfig(int context, unsigned command, const char *key, const void *value,
                           int extra) {
    return (int)syscall(SYS_fsconfig, context, command, key, value, extra);
}

static inline int fsmount(int context, unsigned flags, unsigned attributes) {
    return (int)syscall(SYS_fsmount, context, flags, attributes);
}
