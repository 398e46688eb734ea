#include "proc.h"
#include "cleanup.h"
#include "resolve.h"
#include "sources.h"
#include "syscalls.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

/* Docker's default maskedPaths and readonlyPaths below /proc (moby, oci/defaults.go). */
static const struct {
    const char *name;
    bool masked;
} guarded[] = {
    {"acpi", true},       {"asound", true},        {"interrupts", true},     {"kcore", true},
    {"keys", true},       {"latency_stats", true}, {"sched_debug", true},    {"scsi", true},
    {"timer_list", true}, {"timer_stats", true},   {"bus", false},           {"fs", false},
    {"irq", false},       {"sys", false},          {"sysrq-trigger", false},
};

enum { ATTRIBUTES = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC };

/* An empty directory hides a directory, /dev/null hides a file. */
static int hidden(int place, int null, const char *name, struct failure *failure) {
    static const char *const parameters[] = {"mode=555", "nr_inodes=2", NULL};
    struct stat what;
    if (fstat(place, &what) < 0)
        return failed(failure, "proc", "fstat", name) - 1;
    if (!S_ISDIR(what.st_mode))
        return source_copy(null, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, name, failure);
    return source_create(
        "tmpfs", parameters,
        MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, failure);
}

/* What the host has mounted there itself, as a container's engine does, is covered again. */
static bool guard(int proc, const char *name, bool masked, int null, bool of_host,
                  struct failure *failure) {
    uint64_t resolve = RESOLVE_NO_SYMLINKS | (of_host ? 0 : RESOLVE_NO_XDEV);
    cleanup_fd int place = resolve_existing(proc, name, O_PATH, resolve);
    if (place < 0 && errno == ENOENT)
        return true;
    if (place < 0)
        return failed(failure, "proc", "openat2", name);
    cleanup_fd int cover = masked ? hidden(place, null, name, failure)
                                  : source_copy(place, MOUNT_ATTR_RDONLY, name, failure);
    return cover >= 0 && mount_attach(cover, place, name, failure);
}

static int new_procfs(struct failure *failure) {
    static const char *const parameters[] = {NULL};
    int proc = source_create("proc", parameters, ATTRIBUTES, failure);
    /* mount_too_revealing() in fs/namespace.c */
    if (proc < 0 && failure->error == EPERM)
        failed_hint(failure, "the kernel gives a new procfs only to who can see a whole one and "
                             "owns the pid namespace: this host's /proc is partly hidden (as in a "
                             "container), or a pid namespace was joined without its user "
                             "namespace");
    return proc;
}

static int host_procfs(struct failure *failure) {
    struct statfs facts;
    cleanup_fd int place = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (place < 0 || fstatfs(place, &facts) < 0)
        return failed(failure, "proc", "open", "/proc") - 1;
    if (facts.f_type != PROC_SUPER_MAGIC)
        return failed_because(failure, ENODEV, "proc", "fstatfs", "/proc", "it is no procfs") - 1;
    return source_copy(place, ATTRIBUTES, "/proc", failure);
}

bool proc_mount(int place, const char *path, int null, bool of_host, struct failure *failure) {
    cleanup_fd int proc = of_host ? host_procfs(failure) : new_procfs(failure);
    if (proc < 0 || !mount_attach(proc, place, path, failure))
        return false;
    for (size_t i = 0; i < sizeof guarded / sizeof *guarded; i++)
        if (!guard(proc, guarded[i].name, guarded[i].masked, null, of_host, failure))
            return false;
    return true;
}
