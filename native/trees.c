#include "trees.h"
#include "cleanup.h"
#include "restrict.h"
#include "staging.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

/*
 * Private, not slave: what the host mounts below the source later would arrive without nosuid,
 * nodev and read-only. And a shared copy would carry init's own mounts out to the host.
 */
int tree_copy_detached(int place, bool recursive, unsigned attributes, const char *path,
                       struct failure *failure) {
    unsigned depth = recursive ? AT_RECURSIVE : 0;
    cleanup_fd int tree =
        open_tree(place, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | depth);
    if (tree < 0)
        return failed(failure, "mount", "open_tree", path) - 1;
    struct mount_attr change = {.attr_set = attributes, .propagation = MS_PRIVATE};
    if (mount_setattr(tree, "", AT_EMPTY_PATH | depth, &change, sizeof change) < 0)
        return failed(failure, "mount", "mount_setattr", path) - 1;
    return take_fd(&tree);
}

int tree_copy(int place, bool recursive, unsigned attributes, const char *path,
              struct failure *failure) {
    int tree = tree_copy_detached(place, recursive, attributes, path, failure);
    if (tree < 0 && mount_call_missing(failure->error))
        tree = staged_copy(place, recursive, attributes, path, failure);
    return tree;
}

static bool configure(int context, const char *parameter, struct failure *failure) {
    char key[64];
    snprintf(key, sizeof key, "%s", parameter);
    char *equals = strchr(key, '=');
    int done;
    if (equals) {
        *equals = '\0';
        done = fsconfig(context, FSCONFIG_SET_STRING, key, equals + 1, 0);
    } else {
        done = fsconfig(context, FSCONFIG_SET_FLAG, key, NULL, 0);
    }
    return done == 0 || failed(failure, "mount", "fsconfig", parameter);
}

static int detached_create(const char *type, const char *const *parameters, unsigned attributes,
                           struct failure *failure) {
    cleanup_fd int context = fsopen(type, FSOPEN_CLOEXEC);
    if (context < 0)
        return failed(failure, "mount", "fsopen", type) - 1;
    for (; *parameters; parameters++)
        if (!configure(context, *parameters, failure))
            return -1;
    if (fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
        return failed(failure, "mount", "fsconfig(create)", type) - 1;
    int mounted = fsmount(context, FSMOUNT_CLOEXEC, attributes);
    if (mounted < 0)
        return failed(failure, "mount", "fsmount", type) - 1;
    return mounted;
}

int tree_create(const char *type, const char *const *parameters, unsigned attributes,
                struct failure *failure) {
    int tree = detached_create(type, parameters, attributes, failure);
    if (tree < 0 && mount_call_missing(failure->error))
        tree = staged_create(type, parameters, attributes, failure);
    return tree;
}

bool mount_attach(int tree, int place, const char *path, struct failure *failure) {
    char to[32];
    if (move_mount(tree, "", place, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) == 0)
        return true;
    failed(failure, "mount", "move_mount", path);
    snprintf(to, sizeof to, "/proc/self/fd/%d", place);
    return mount_call_missing(failure->error) && mount_move(tree, to, path, failure);
}

bool mount_stand(int tree, struct failure *failure) {
    if (move_mount(tree, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) == 0)
        return true;
    failed(failure, "mount", "move_mount", "/");
    return mount_call_missing(failure->error) && mount_move(tree, "/", "/", failure);
}

bool mount_seal(int mount, const char *path, struct failure *failure) {
    struct mount_attr sealed = {.attr_set = MOUNT_ATTR_RDONLY};
    if (mount_setattr(mount, "", AT_EMPTY_PATH, &sealed, sizeof sealed) == 0)
        return true;
    failed(failure, "mount", "mount_setattr", path);
    return mount_call_missing(failure->error) &&
           restrict_mount(mount, MOUNT_ATTR_RDONLY, path, failure);
}
