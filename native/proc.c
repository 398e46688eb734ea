#include "proc.h"
#include "cleanup.h"
#include "resolve.h"
#include "sources.h"
#include "syscalls.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>

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

static bool guard(int proc, const char *name, bool masked, int null, struct failure *failure) {
    cleanup_fd int place =
        resolve_existing(proc, name, O_PATH, RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV);
    if (place < 0 && errno == ENOENT)
        return true;
    if (place < 0)
        return failed(failure, "proc", "openat2", name);
    cleanup_fd int cover = masked ? hidden(place, null, name, failure)
                                  : source_copy(place, MOUNT_ATTR_RDONLY, name, failure);
    return cover >= 0 && mount_attach(cover, place, name, failure);
}

bool proc_mount(int place, const char *path, int null, struct failure *failure) {
    static const char *const parameters[] = {NULL};
    unsigned attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
    cleanup_fd int proc = source_create("proc", parameters, attributes, failure);
    if (proc < 0) {
        /* mount_too_revealing() in fs/namespace.c */
        if (failure->error == EPERM)
            failed_hint(failure, "the kernel gives a new procfs only to who can see a whole one, "
                                 "and this host's /proc is partly hidden (as in a container)");
        return false;
    }
    if (!mount_attach(proc, place, path, failure))
        return false;
    for (size_t i = 0; i < sizeof guarded / sizeof *guarded; i++)
        if (!guard(proc, guarded[i].name, guarded[i].masked, null, failure))
            return false;
    return true;
}
