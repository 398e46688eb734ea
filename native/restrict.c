#include "restrict.h"
#include "beneath.h"
#include "cleanup.h"
#include "syscalls.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>

/* Linux 5.10, statfs(2) and mount(2); the others have the same number in both. */
enum { NOSYMFOLLOW_SHOWN = 0x2000, NOSYMFOLLOW = 256 };

/* What the mount has already stays: a remount without it would take it away. No word on access
 * times leaves them as they are. */
static unsigned long flags_of(const struct statfs *facts) {
    unsigned long shown = (unsigned long)facts->f_flags;
    return (shown & (ST_RDONLY | ST_NOSUID | ST_NODEV | ST_NOEXEC)) |
           (shown & NOSYMFOLLOW_SHOWN ? NOSYMFOLLOW : 0);
}

bool restrict_mount(int place, unsigned attributes, const char *path, struct failure *failure) {
    char link[32];
    struct statfs facts;
    if (fstatfs(place, &facts) < 0)
        return failed(failure, "mount", "fstatfs", path);
    snprintf(link, sizeof link, "/proc/self/fd/%d", place);
    if (mount(NULL, link, NULL, MS_REMOUNT | MS_BIND | flags_of(&facts) | attributes, NULL) < 0)
        return failed(failure, "mount", "mount(MS_REMOUNT)", path);
    if (fstatfs(place, &facts) < 0)
        return failed(failure, "mount", "fstatfs", path);
    return (flags_of(&facts) & attributes) == attributes ||
           failed_because(failure, EPERM, "mount", "mount(MS_REMOUNT)", path,
                          "the kernel did not do what it was asked for");
}

/* One of /proc/self/mountinfo that lies below. */
struct below {
    const char *path;    /* from the tree */
    const char *options; /* "ro,nosuid" */
    bool private;
};

/* Octal, as in \040 (proc_pid_mountinfo(5)). */
static void unescape(char *text) {
    char *to = text;
    for (; *text; text++) {
        unsigned octal;
        if (text[0] == '\\' && sscanf(text + 1, "%3o", &octal) == 1) {
            *to++ = (char)octal;
            text += 3;
        } else {
            *to++ = *text;
        }
    }
    *to = '\0';
}

/* ID PARENT DEVICE ROOT PLACE OPTIONS [OPTIONAL...] - ... */
static bool parse_below(char *line, const char *tree, struct below *below) {
    enum { PLACE = 4, OPTIONS, OPTIONAL, FIELDS };
    char *fields[FIELDS] = {NULL};
    for (int i = 0; i < FIELDS; i++)
        fields[i] = strsep(&line, " ");
    size_t length = strlen(tree);
    if (!fields[OPTIONAL] || strncmp(fields[PLACE], tree, length) != 0 ||
        fields[PLACE][length] != '/')
        return false;
    unescape(fields[PLACE]);
    below->path = fields[PLACE] + length + 1;
    below->options = fields[OPTIONS];
    below->private = strcmp(fields[OPTIONAL], "-") == 0;
    return true;
}

typedef bool visitor(int tree, const struct below *below, unsigned attributes,
                     struct failure *failure);

static bool visit_below(int tree, const char *prefix, visitor *visit, unsigned attributes,
                        struct failure *failure) {
    cleanup_free char *line = NULL;
    size_t size = 0;
    struct below below;
    FILE *file = fopen("/proc/self/mountinfo", "re");
    if (!file)
        return failed(failure, "mount", "fopen", "/proc/self/mountinfo");
    bool done = true;
    while (done && getline(&line, &size, file) > 0)
        if (parse_below(line, prefix, &below))
            done = visit(tree, &below, attributes, failure);
    if (ferror(file))
        done = failed(failure, "mount", "getline", "/proc/self/mountinfo");
    fclose(file);
    return done;
}

/* Whoever may rename directories in there may lead us to another of these mounts: all get the same,
 * and what got nothing is found by the second look. */
static bool restrict_below(int tree, const struct below *below, unsigned attributes,
                           struct failure *failure) {
    cleanup_fd int place = open_beneath(
        tree, below->path, O_PATH, RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
    if (place < 0)
        return failed(failure, "mount", "openat2", below->path);
    return restrict_mount(place, attributes, below->path, failure);
}

static bool has_word(const char *words, const char *word) {
    size_t length = strlen(word);
    for (; words; words = strchr(words, ',') ? strchr(words, ',') + 1 : NULL)
        if (strncmp(words, word, length) == 0 && (words[length] == ',' || !words[length]))
            return true;
    return false;
}

static bool check_below(int tree, const struct below *below, unsigned attributes,
                        struct failure *failure) {
    static const struct {
        unsigned attribute;
        const char *word;
    } words[] = {{MOUNT_ATTR_RDONLY, "ro"},
                 {MOUNT_ATTR_NOSUID, "nosuid"},
                 {MOUNT_ATTR_NODEV, "nodev"},
                 {MOUNT_ATTR_NOEXEC, "noexec"}};
    (void)tree;
    bool fine = below->private;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        fine =
            fine && (!(attributes & words[i].attribute) || has_word(below->options, words[i].word));
    return fine || failed_because(failure, EBUSY, "mount", "mount(MS_REMOUNT)", below->path,
                                  "without the mount calls of Linux 5.12 a mount that another one "
                                  "covers, or that moves meanwhile, cannot be made safe");
}

bool restrict_tree(int tree, unsigned attributes, const char *path, struct failure *failure) {
    char link[32], prefix[PATH_MAX];
    if (!restrict_mount(tree, attributes, path, failure))
        return false;
    snprintf(link, sizeof link, "/proc/self/fd/%d", tree);
    ssize_t length = readlink(link, prefix, sizeof prefix - 1);
    if (length < 0)
        return failed(failure, "mount", "readlink", link);
    prefix[length] = '\0';
    return visit_below(tree, prefix, restrict_below, attributes, failure) &&
           visit_below(tree, prefix, check_below, attributes, failure);
}
