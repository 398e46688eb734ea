#include "beneath.h"
#include "cleanup.h"
#include "syscalls.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

/* As deep as a path may lead, and as many links as path_resolution(7) allows. */
enum { DEPTH_MAX = 128, LINKS_MAX = 40 };

struct descent {
    int places[DEPTH_MAX]; /* from the root to here */
    int depth, links;
    char rest[PATH_MAX]; /* of the path, from the next component on */
    uint64_t resolve;
};

static bool fail(int error) {
    errno = error;
    return false;
}

static bool push(struct descent *descent, int place) {
    if (descent->depth == DEPTH_MAX) {
        close(place);
        return fail(ENAMETOOLONG);
    }
    descent->places[descent->depth++] = place;
    return true;
}

static void pop_to(struct descent *descent, int depth) {
    while (descent->depth > depth)
        cleanup_close_descriptor(&descent->places[--descent->depth]);
}

/* A link of a procfs may lead anywhere (RESOLVE_NO_MAGICLINKS). */
static bool is_magic(int link) {
    struct statfs facts;
    return fstatfs(link, &facts) < 0 || facts.f_type == PROC_SUPER_MAGIC;
}

/* The target stands in the path in place of the link; an absolute one begins at the root again. */
static bool follow(struct descent *descent, int link, const char *after) {
    char target[PATH_MAX], path[PATH_MAX];
    if ((descent->resolve & RESOLVE_NO_SYMLINKS) || ++descent->links > LINKS_MAX || is_magic(link))
        return fail(ELOOP);
    ssize_t length = readlinkat(link, "", target, sizeof target - 1);
    if (length < 0)
        return false;
    target[length] = '\0';
    if (snprintf(path, sizeof path, "%s/%s", target, after) >= (int)sizeof path)
        return fail(ENAMETOOLONG);
    strcpy(descent->rest, path);
    if (target[0] == '/')
        pop_to(descent, 1);
    return true;
}

/*
 * RESOLVE_NO_XDEV by device number. A bind mount of the same file system would pass; where this is
 * asked for, in a procfs and a devpts that are new, nobody has made one.
 */
static bool crosses(const struct descent *descent, const struct stat *next) {
    struct stat root;
    return (descent->resolve & RESOLVE_NO_XDEV) &&
           (fstat(descent->places[0], &root) < 0 || root.st_dev != next->st_dev);
}

static bool step(struct descent *descent, const char *name, const char *after) {
    struct stat what;
    int here = descent->places[descent->depth - 1];
    cleanup_fd int next = openat(here, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (next < 0 || fstat(next, &what) < 0)
        return false;
    if (S_ISLNK(what.st_mode))
        return follow(descent, next, after);
    if (crosses(descent, &what))
        return fail(EXDEV);
    if (*after && !S_ISDIR(what.st_mode))
        return fail(ENOTDIR);
    memmove(descent->rest, after, strlen(after) + 1);
    return push(descent, take_fd(&next));
}

static bool walk(struct descent *descent) {
    for (;;) {
        char name[NAME_MAX + 1];
        const char *begin = descent->rest + strspn(descent->rest, "/");
        size_t length = strcspn(begin, "/");
        const char *after = begin + length;
        if (length == 0)
            return true;
        if (length >= sizeof name)
            return fail(ENAMETOOLONG);
        snprintf(name, sizeof name, "%.*s", (int)length, begin);
        bool up = strcmp(name, "..") == 0;
        if (!up && strcmp(name, ".") != 0) {
            if (!step(descent, name, after))
                return false;
            continue;
        }
        if (up && descent->depth > 1)
            pop_to(descent, descent->depth - 1);
        memmove(descent->rest, after, strlen(after) + 1);
    }
}

/* The place itself, opened for what was asked: it has no other name that could be resolved again.
 */
static int reopen(const struct descent *descent, uint64_t flags) {
    struct stat what;
    int found = descent->places[descent->depth - 1];
    if (fstat(found, &what) < 0)
        return -1;
    if ((flags & O_DIRECTORY) && !S_ISDIR(what.st_mode))
        return fail(ENOTDIR) - 1;
    if (flags & O_PATH)
        return fcntl(found, F_DUPFD_CLOEXEC, 3);
    if (S_ISDIR(what.st_mode))
        return openat(found, ".", (int)flags | O_CLOEXEC);
    char link[32];
    snprintf(link, sizeof link, "/proc/self/fd/%d", found);
    return open(link, (int)flags | O_CLOEXEC);
}

static int open_by_hand(int directory, const char *path, uint64_t flags, uint64_t resolve) {
    struct descent descent = {.resolve = resolve};
    bool from_root = directory == AT_FDCWD && path[0] == '/';
    int begin = openat(directory, from_root ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    int found = -1;
    if (strlen(path) >= sizeof descent.rest) {
        errno = ENAMETOOLONG;
    } else if (begin >= 0 && push(&descent, begin)) {
        strcpy(descent.rest, path);
        found = walk(&descent) ? reopen(&descent, flags) : -1;
    }
    pop_to(&descent, 0);
    return found;
}

int open_beneath(int directory, const char *path, uint64_t flags, uint64_t resolve) {
    int found = openat2(directory, path, flags, resolve);
    return found < 0 && errno == ENOSYS ? open_by_hand(directory, path, flags, resolve) : found;
}
