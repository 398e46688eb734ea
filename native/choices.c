#include "choices.h"
#include "cleanup.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>

void choices_set_default(struct namespace_wish *wishes) {
    for (int i = 0; i < NAMESPACE_COUNT; i++) {
        bool time = namespace_types[i].flag == CLONE_NEWTIME;
        wishes[i] =
            (struct namespace_wish){.choice = time ? NAMESPACE_HOST : NAMESPACE_NEW, .file = -1};
    }
}

bool choices_parse(struct namespace_wish *wishes, const char *type, const char *how,
                   struct failure *failure) {
    int flag;
    if (!namespaces_parse(type, &flag, failure))
        return false;
    for (int i = 0; i < NAMESPACE_COUNT; i++) {
        if (!(namespace_types[i].flag & flag))
            continue;
        wishes[i] = (struct namespace_wish){.choice = NAMESPACE_JOINED, .path = how, .file = -1};
        if (strcmp(how, "new") == 0)
            wishes[i].choice = NAMESPACE_NEW;
        else if (strcmp(how, "host") == 0)
            wishes[i].choice = NAMESPACE_HOST;
        else if (how[0] != '/')
            return refused(failure, "options",
                           "--namespace %s: '%s' is not new, host or an absolute path", type, how);
    }
    return true;
}

int choices_flags(const struct namespace_wish *wishes, enum namespace_choice choice) {
    int flags = 0;
    for (int i = 0; i < NAMESPACE_COUNT; i++)
        if (wishes[i].choice == choice)
            flags |= namespace_types[i].flag;
    return flags;
}

static bool open_failed(const char *path, struct failure *failure) {
    failed(failure, "namespaces", "open", path);
    if (failure->error == ENOENT)
        failed_hint(failure, "the process has ended, or nobody keeps the namespace there");
    if (failure->error == EACCES)
        failed_hint(failure, "it belongs to another user's process, or to one that protects "
                             "itself (ptrace(2), PTRACE_MODE_READ)");
    return false;
}

/* Looked at before it is opened: to open a device or a named pipe is to use it. */
static int open_namespace(const char *path) {
    struct statfs facts;
    char link[32];
    cleanup_fd int place = open(path, O_PATH | O_CLOEXEC);
    if (place < 0 || fstatfs(place, &facts) < 0)
        return -1;
    if (facts.f_type != NSFS_MAGIC)
        return take_fd(&place); /* ioctl(2) on it fails: EBADF */
    snprintf(link, sizeof link, "/proc/self/fd/%d", place);
    return open(link, O_RDONLY | O_CLOEXEC);
}

static bool open_one(struct namespace_wish *wish, const struct namespace_type *type,
                     struct failure *failure) {
    cleanup_fd int file = open_namespace(wish->path);
    if (file < 0)
        return open_failed(wish->path, failure);
    if (ioctl(file, NS_GET_NSTYPE) != type->flag) {
        char hint[64];
        snprintf(hint, sizeof hint, "it is no %s namespace", type->name);
        return failed_because(failure, EINVAL, "namespaces", "ioctl(NS_GET_NSTYPE)", wish->path,
                              hint);
    }
    wish->file = take_fd(&file);
    return true;
}

bool choices_open(struct namespace_wish *wishes, struct failure *failure) {
    for (int i = 0; i < NAMESPACE_COUNT; i++)
        if (wishes[i].choice == NAMESPACE_JOINED &&
            !open_one(&wishes[i], &namespace_types[i], failure))
            return false;
    return true;
}

static bool join_failed(const struct namespace_wish *wish, struct failure *failure) {
    failed(failure, "namespaces", "setns", wish->path);
    if (failure->error == EPERM)
        failed_hint(failure, "joining takes CAP_SYS_ADMIN in the user namespace that owns it, "
                             "and in one's own: join that user namespace too, or be root");
    if (failure->error == EINVAL)
        failed_hint(failure, "nobody joins the user namespace that they are in, nor a pid "
                             "namespace that is not below their own (setns(2))");
    return false;
}

/* Joins those of `flags`, or of them those that the kernel allows; *left: the others. */
static const struct namespace_wish *join_all(const struct namespace_wish *wishes, int flags,
                                             int *left) {
    const struct namespace_wish *refused_one = NULL;
    for (int i = 0; i < NAMESPACE_COUNT; i++) {
        int flag = namespace_types[i].flag;
        if (!(flags & flag) || wishes[i].choice != NAMESPACE_JOINED)
            continue;
        if (setns(wishes[i].file, flag) == 0)
            *left &= ~flag;
        else
            refused_one = &wishes[i];
    }
    return refused_one;
}

/*
 * user_namespaces(7): whoever joins a user namespace gains all capabilities there and loses those
 * of the namespace that it leaves. So what the own rights are enough for comes first (a root's
 * host namespaces), then the user namespace, then what that one owns.
 */
bool choices_join(const struct namespace_wish *wishes, struct failure *failure) {
    int others = ~(CLONE_NEWUSER | CLONE_NEWNS), user = CLONE_NEWUSER;
    const struct namespace_wish *wish = join_all(wishes, others, &others);
    if (wish && choices_file(wishes, CLONE_NEWUSER) < 0)
        return join_failed(wish, failure);
    wish = join_all(wishes, CLONE_NEWUSER, &user);
    if (!wish)
        wish = join_all(wishes, others, &others);
    return !wish || join_failed(wish, failure);
}

int choices_file(const struct namespace_wish *wishes, int flag) {
    for (int i = 0; i < NAMESPACE_COUNT; i++)
        if (namespace_types[i].flag == flag)
            return wishes[i].file;
    return -1;
}
