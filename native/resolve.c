#include "resolve.h"
#include "beneath.h"
#include "cleanup.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

int resolve_existing(int root, const char *path, uint64_t flags, uint64_t resolve) {
    int found;
    /* EAGAIN: a rename somewhere on the way made the kernel give up (openat2(2)). */
    int tries = 32;
    do
        found = open_beneath(root, path, flags, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | resolve);
    while (found < 0 && errno == EAGAIN && --tries > 0);
    return found;
}

/* Makes one component in a directory that was resolved, and opens what is there now. */
static int make_component(int parent, const char *name, enum target_kind kind) {
    if (kind == TARGET_DIRECTORY) {
        if (mkdirat(parent, name, 0755) < 0 && errno != EEXIST)
            return -1;
        return openat(parent, name, O_PATH | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC);
    }
    cleanup_fd int made =
        openat(parent, name, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (made < 0 && errno != EEXIST)
        return -1;
    cleanup_fd int found = openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    struct stat what;
    if (found < 0 || fstat(found, &what) < 0)
        return -1;
    /* A link that leads nowhere is no mount point. */
    errno = ELOOP;
    return S_ISLNK(what.st_mode) ? -1 : take_fd(&found);
}

struct walk {
    int root;
    int here; /* the directory reached so far */
    uint64_t resolve;
};

/* One step down: `prefix` is the path so far, `name` its last component. */
static bool step(struct walk *walk, const char *prefix, const char *name, enum target_kind kind) {
    int next = resolve_existing(walk->root, prefix, O_PATH, walk->resolve);
    if (next < 0 && errno == ENOENT)
        next = make_component(walk->here, name, kind);
    if (next < 0)
        return false;
    close(walk->here);
    walk->here = next;
    return true;
}

/* Walks a path component by component; the last one is made as `kind`. */
static bool walk_path(struct walk *walk, char *path, enum target_kind kind) {
    for (char *name = path + strspn(path, "/"); *name;) {
        char *end = name + strcspn(name, "/");
        char *next = end + strspn(end, "/");
        char kept = *end;
        *end = '\0';
        if (!step(walk, path, name, *next ? TARGET_DIRECTORY : kind))
            return false;
        *end = kept;
        name = next;
    }
    return true;
}

int resolve_target(int root, const char *path, enum target_kind kind, bool no_symlinks,
                   struct failure *failure) {
    cleanup_free char *copy = strdup(path);
    struct walk walk = {.root = root,
                        .here = fcntl(root, F_DUPFD_CLOEXEC, 3),
                        .resolve = no_symlinks ? RESOLVE_NO_SYMLINKS : 0};
    if (copy && walk.here >= 0 && walk_path(&walk, copy, kind))
        return walk.here;
    failed(failure, "resolve", "openat2", path);
    if (failure->error == ELOOP)
        failed_hint(failure, "the root directory has a symbolic link there");
    if (failure->error == EROFS)
        failed_hint(failure,
                    "a mount point cannot be made in a read-only directory: choose a target "
                    "that exists, or one elsewhere");
    if (walk.here >= 0)
        close(walk.here);
    return -1;
}

int resolve_parent(int root, const char *path, const char **name, struct failure *failure) {
    cleanup_free char *copy = strdup(path);
    char *slash = copy ? strrchr(copy, '/') : NULL;
    *name = strrchr(path, '/');
    if (!slash || !*name)
        return failed(failure, "resolve", "strdup", path) - 1;
    *slash = '\0';
    *name += 1;
    return resolve_target(root, copy, TARGET_DIRECTORY, false, failure);
}
