#include "staging.h"
#include "cleanup.h"
#include "restrict.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

/*
 * Every procfs has this directory, and nothing that a sandbox is shown lies in it. "/" is the
 * host's until pivot_root, and takes the place away with it.
 */
#define STAGING "/proc/driver"

/* mount(2) takes as much. */
enum { DATA_MAX = 4096 };

static_assert(MOUNT_ATTR_RDONLY == MS_RDONLY && MOUNT_ATTR_NOSUID == MS_NOSUID &&
                  MOUNT_ATTR_NODEV == MS_NODEV && MOUNT_ATTR_NOEXEC == MS_NOEXEC,
              "attributes are passed on as flags");

/* Of a call that every kernel refuses: a filter may say EPERM, as that of older Dockers does. */
static bool is_missing(int answer) {
    return answer < 0 && (errno == ENOSYS || errno == EPERM);
}

static bool lacks_call(void) {
    return is_missing(open_tree(-1, "", 0)) || is_missing(move_mount(-1, "", -1, "", 0)) ||
           is_missing(mount_setattr(-1, "", ~0U, NULL, 0)) || is_missing(fsopen(NULL, ~0U)) ||
           is_missing(fsconfig(-1, 0, NULL, NULL, 0)) || is_missing(fsmount(-1, ~0U, 0));
}

bool mount_call_missing(int error) {
    struct statfs facts;
    return (error == ENOSYS || error == EPERM) && statfs(STAGING, &facts) == 0 &&
           facts.f_type == TMPFS_MAGIC;
}

static bool is_procfs(struct failure *failure) {
    struct statfs facts;
    if (statfs("/proc", &facts) < 0)
        return failed(failure, "mount", "statfs", "/proc");
    if (facts.f_type == PROC_SUPER_MAGIC)
        return true;
    return failed_because(failure, ENODEV, "mount", "statfs", "/proc",
                          "this kernel lacks the mount calls of Linux 5.12, or a filter hides "
                          "them; without them a procfs is needed");
}

bool staging_prepare(struct failure *failure) {
    if (!lacks_call())
        return true;
    if (!is_procfs(failure))
        return false;
    /* Not slave: what the host mounts meanwhile would be in a copy without its attributes. */
    if (mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL) < 0)
        return failed(failure, "mount", "mount(MS_PRIVATE)", "/");
    if (mount("none", STAGING, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=700") < 0)
        return failed(failure, "mount", "mount(tmpfs)", STAGING);
    /* Not in a copy of /proc. */
    if (mount(NULL, STAGING, NULL, MS_UNBINDABLE, NULL) < 0)
        return failed(failure, "mount", "mount(MS_UNBINDABLE)", STAGING);
    return true;
}

/* mkdtemp(3) and mkstemp(3): a name that no staged mount has. */
static bool make_place(char *path, bool directory, struct failure *failure) {
    if (directory)
        return mkdtemp(path) || failed(failure, "mount", "mkdtemp", STAGING);
    cleanup_fd int file = mkstemp(path);
    return file >= 0 || failed(failure, "mount", "mkstemp", STAGING);
}

/* `name` is for people. */
static int stage(const char *source, const char *type, bool directory, unsigned long flags,
                 const char *data, const char *name, struct failure *failure) {
    char place[] = STAGING "/XXXXXX";
    if (!make_place(place, directory, failure))
        return -1;
    if (mount(source, place, type, flags, data) < 0)
        return failed(failure, "mount", "mount", name) - 1;
    int tree = open(place, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    return tree >= 0 ? tree : failed(failure, "mount", "open", place) - 1;
}

int staged_copy(int place, bool recursive, unsigned attributes, const char *path,
                struct failure *failure) {
    struct stat what;
    char source[32];
    if (fstat(place, &what) < 0)
        return failed(failure, "mount", "fstat", path) - 1;
    snprintf(source, sizeof source, "/proc/self/fd/%d", place);
    unsigned long flags = MS_BIND | (recursive ? MS_REC : 0);
    cleanup_fd int tree = stage(source, NULL, S_ISDIR(what.st_mode), flags, NULL, path, failure);
    bool done = tree >= 0 && (recursive ? restrict_tree(tree, attributes, path, failure)
                                        : restrict_mount(tree, attributes, path, failure));
    return done ? take_fd(&tree) : -1;
}

static bool join(char *data, const char *const *parameters) {
    size_t used = 0;
    for (data[0] = '\0'; *parameters; parameters++) {
        size_t left = DATA_MAX - used;
        int length = snprintf(data + used, left, "%s%s", used > 0 ? "," : "", *parameters);
        if ((size_t)length >= left)
            return false;
        used += (size_t)length;
    }
    return true;
}

int staged_create(const char *type, const char *const *parameters, unsigned attributes,
                  struct failure *failure) {
    char data[DATA_MAX];
    if (!join(data, parameters))
        return failed_because(failure, E2BIG, "mount", "mount", type, NULL) - 1;
    /* MS_RDONLY here would be the file system's, which others may share (cgroups). */
    unsigned long flags = attributes & ~(unsigned)MOUNT_ATTR_RDONLY;
    cleanup_fd int tree = stage("none", type, true, flags, data, type, failure);
    return tree >= 0 && restrict_mount(tree, attributes, type, failure) ? take_fd(&tree) : -1;
}

bool mount_move(int tree, const char *to, const char *path, struct failure *failure) {
    char from[32];
    snprintf(from, sizeof from, "/proc/self/fd/%d", tree);
    return mount(from, to, NULL, MS_MOVE, NULL) == 0 ||
           failed(failure, "mount", "mount(MS_MOVE)", path);
}
