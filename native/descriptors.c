#include "descriptors.h"
#include "cleanup.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <stdlib.h>

bool descriptors_ensure_standard(struct failure *failure) {
    int opened;
    do
        opened = open("/dev/null", O_RDWR);
    while (opened >= 0 && opened <= 2);
    if (opened < 0)
        return failed(failure, "descriptors", "open", "/dev/null");
    close(opened);
    return true;
}

bool descriptor_forget(int standard, struct failure *failure) {
    cleanup_fd int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0)
        return failed(failure, "descriptors", "open", "/dev/null");
    return dup2(null, standard) >= 0 || failed(failure, "descriptors", "dup2", "/dev/null");
}

static void close_one(int descriptor, bool close_on_exec) {
    if (close_on_exec)
        fcntl(descriptor, F_SETFD, FD_CLOEXEC);
    else
        close(descriptor);
}

static bool close_listed_from(int first, bool close_on_exec, struct failure *failure) {
    DIR *list = opendir("/proc/self/fd");
    if (!list)
        return failed(failure, "descriptors", "opendir", "/proc/self/fd");
    for (struct dirent *entry; (entry = readdir(list)) != NULL;) {
        int descriptor = atoi(entry->d_name);
        if (descriptor >= first && descriptor != dirfd(list))
            close_one(descriptor, close_on_exec);
    }
    closedir(list);
    return true;
}

bool descriptors_close_from(int first, bool close_on_exec, struct failure *failure) {
    if (close_range((unsigned)first, ~0U, close_on_exec ? CLOSE_RANGE_CLOEXEC : 0) == 0)
        return true;
    if (errno == ENOSYS || errno == EINVAL)
        return close_listed_from(first, close_on_exec, failure);
    return failed(failure, "descriptors", "close_range", NULL);
}

bool descriptors_keep_only(int *kept, struct failure *failure) {
    if (*kept != 3 && dup3(*kept, 3, O_CLOEXEC) < 0)
        return failed(failure, "descriptors", "dup3", NULL);
    *kept = 3;
    return descriptors_close_from(4, false, failure);
}
