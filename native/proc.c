#include "proc.h"
#include "cleanup.h"
#include "masks.h"
#include "trees.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

/* Docker's default maskedPaths and readonlyPaths below /proc (moby, oci/defaults.go). */
static const struct mask guarded[] = {
    {"acpi", true},       {"asound", true},        {"interrupts", true},     {"kcore", true},
    {"keys", true},       {"latency_stats", true}, {"sched_debug", true},    {"scsi", true},
    {"timer_list", true}, {"timer_stats", true},   {"bus", false},           {"fs", false},
    {"irq", false},       {"sys", false},          {"sysrq-trigger", false},
};

enum { ATTRIBUTES = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC };

static int new_procfs(struct failure *failure) {
    static const char *const parameters[] = {NULL};
    int proc = tree_create("proc", parameters, ATTRIBUTES, failure);
    /* mount_too_revealing() in fs/namespace.c */
    if (proc < 0 && failure->error == EPERM)
        failed_hint(failure, "the kernel gives a new procfs only to who can see a whole one and "
                             "owns the pid namespace: this host's /proc is partly hidden (as in a "
                             "container), or a pid namespace was joined without its user "
                             "namespace");
    return proc;
}

/* Read-only: whoever has a process's uid may write its oom_score_adj and more. */
static int host_procfs(struct failure *failure) {
    struct statfs facts;
    cleanup_fd int place = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (place < 0 || fstatfs(place, &facts) < 0)
        return failed(failure, "proc", "open", "/proc") - 1;
    if (facts.f_type != PROC_SUPER_MAGIC)
        return failed_because(failure, ENODEV, "proc", "fstatfs", "/proc", "it is no procfs") - 1;
    return tree_copy(place, true, ATTRIBUTES | MOUNT_ATTR_RDONLY, "/proc", failure);
}

bool proc_mount(int place, const char *path, int null, bool of_host, struct failure *failure) {
    cleanup_fd int proc = of_host ? host_procfs(failure) : new_procfs(failure);
    return proc >= 0 && mount_attach(proc, place, path, failure) &&
           masks_apply(proc, guarded, sizeof guarded / sizeof *guarded, null, of_host, failure);
}
