#include "tree.h"
#include "../cleanup.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char stage[] = "checking";

enum { PERMISSIONS = 07777, OTHERS_WRITE = 022, MOST_MANIFEST_BYTES = 1 << 20 };

/* An access list that lets somebody write shows in the group's bits: acl(5). */
static bool is_roots(const struct stat *found, const char *name, struct failure *failure) {
    if (found->st_uid != 0 || found->st_gid != 0)
        return refused(failure, stage, "%s belongs to user %u, group %u, and not to root", name,
                       found->st_uid, found->st_gid);
    return true;
}

static bool is_closed(const struct stat *found, const char *name, struct failure *failure) {
    if (found->st_uid != 0)
        return refused(failure, stage, "%s belongs to user %u, and not to root", name,
                       found->st_uid);
    if (found->st_mode & OTHERS_WRITE)
        return refused(failure, stage, "%s can be written to by others than root (mode %04o)", name,
                       found->st_mode & PERMISSIONS);
    return true;
}

static bool check_above(int directory, const char *name, struct failure *failure) {
    struct stat found;
    if (fstat(directory, &found) < 0)
        return failed(failure, stage, "fstat", name);
    return is_closed(&found, name, failure);
}

/* The path is cut behind each component while that is looked at. */
static int descend(char *path, struct failure *failure) {
    cleanup_fd int directory = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0 || !check_above(directory, "/", failure))
        return -1;
    for (char *component = path + 1; component;) {
        char *end = strchr(component, '/');
        if (end)
            *end = '\0';
        int below = openat(directory, component, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (below < 0)
            failed(failure, stage, "openat", path);
        close(directory);
        directory = below;
        if (directory < 0 || !check_above(directory, path, failure))
            return -1;
        if (end)
            *end = '/';
        component = end ? end + 1 : NULL;
    }
    return take_fd(&directory);
}

int tree_open_home(char path[PATH_MAX], struct failure *failure) {
    ssize_t length = readlink("/proc/self/exe", path, PATH_MAX - 1);
    if (length < 0)
        return failed(failure, stage, "readlink", "/proc/self/exe"), -1;
    path[length] = '\0';
    char *last = strrchr(path, '/');
    if (!last || last == path)
        return refused(failure, stage, "%s is no place for an installation", path), -1;
    *last = '\0';
    return descend(path, failure);
}

bool tree_read_manifest(int home, struct manifest *manifest, struct failure *failure) {
    cleanup_fd int file = openat(home, MANIFEST, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat found;
    if (file < 0 || fstat(file, &found) < 0)
        return failed(failure, stage, "openat", MANIFEST);
    if (!is_roots(&found, MANIFEST, failure) || !is_closed(&found, MANIFEST, failure))
        return false;
    if (!S_ISREG(found.st_mode) || (found.st_mode & PERMISSIONS) != 0644)
        return refused(failure, stage, MANIFEST " is no file of mode 0644");
    if (found.st_size > MOST_MANIFEST_BYTES)
        return refused(failure, stage, MANIFEST " is too large");
    cleanup_free char *text = calloc(1, (size_t)found.st_size + 1);
    ssize_t count = text ? read(file, text, (size_t)found.st_size) : -1;
    if (count != found.st_size)
        return failed(failure, stage, "read", MANIFEST);
    char *taken = text;
    text = NULL;
    return manifest_parse(manifest, taken, (size_t)count, failure);
}

static bool check_entry(const struct entry *entry, const struct stat *found,
                        struct failure *failure) {
    if (entry->directory ? !S_ISDIR(found->st_mode) : !S_ISREG(found->st_mode))
        return refused(failure, stage, "%s is no %s", entry->name,
                       entry->directory ? "directory" : "file");
    if (!is_roots(found, entry->name, failure))
        return false;
    if ((found->st_mode & PERMISSIONS) != entry->mode || entry->mode & OTHERS_WRITE)
        return refused(failure, stage, "%s has the mode %04o in place of %04o", entry->name,
                       found->st_mode & PERMISSIONS, entry->mode & ~(mode_t)OTHERS_WRITE);
    if (!entry->directory && found->st_size != entry->size)
        return refused(failure, stage, "%s is not what was installed (size)", entry->name);
    return true;
}

/* Above `name` there are checked directories only: each stands in the manifest before what is in
 * it. */
static bool open_entry(int home, struct entry *entry, struct failure *failure) {
    entry->descriptor = openat(home, entry->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat found;
    if (entry->descriptor < 0 && errno == ELOOP)
        return refused(failure, stage, "%s was replaced by a link", entry->name);
    if (entry->descriptor < 0)
        return failed(failure, stage, "openat", entry->name);
    if (fstat(entry->descriptor, &found) < 0)
        return failed(failure, stage, "fstat", entry->name);
    return check_entry(entry, &found, failure);
}

static bool is_dots(const char *name) {
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static bool check_listing(const struct manifest *manifest, DIR *list, const char *directory,
                          struct failure *failure) {
    for (struct dirent *found; (found = readdir(list)) != NULL;) {
        char name[PATH_MAX];
        const char *slash = directory[0] ? "/" : "";
        snprintf(name, sizeof name, "%s%s%s", directory, slash, found->d_name);
        if (!is_dots(found->d_name) && !manifest_lists(manifest, name))
            return refused(failure, stage, "%s was not installed, but is there", name);
    }
    return true;
}

static bool check_contents(int home, const struct manifest *manifest, const char *directory,
                           struct failure *failure) {
    const char *opened = directory[0] ? directory : ".";
    int descriptor = openat(home, opened, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *list = descriptor < 0 ? NULL : fdopendir(descriptor);
    if (!list)
        return failed(failure, stage, "openat", directory);
    bool expected = check_listing(manifest, list, directory, failure);
    closedir(list);
    return expected;
}

bool tree_check(int home, struct manifest *manifest, struct failure *failure) {
    if (!check_contents(home, manifest, "", failure))
        return false;
    for (size_t i = 0; i < manifest->entry_count; i++) {
        struct entry *entry = &manifest->entries[i];
        if (!open_entry(home, entry, failure))
            return false;
        if (entry->directory && !check_contents(home, manifest, entry->name, failure))
            return false;
    }
    return true;
}
