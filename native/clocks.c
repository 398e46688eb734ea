#include "clocks.h"
#include "cleanup.h"
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>

static bool write_offsets(int file, const struct string_list *lines, struct failure *failure) {
    for (size_t i = 0; i < lines->count; i++) {
        if (dprintf(file, "%s\n", lines->items[i]) > 0)
            continue;
        failed(failure, "time", "write /proc/self/timens_offsets", lines->items[i]);
        return failed_hint(failure, "a line is boottime or monotonic, seconds and nanoseconds; no "
                                    "clock may stand before 0 (time_namespaces(7))");
    }
    return true;
}

/*
 * unshare(2) leaves the caller where it is: its children are in the new namespace, whose offsets
 * can be written until the first process is there (time_namespaces(7)). So we follow by setns.
 */
bool clocks_enter(const struct options *options, struct failure *failure) {
    if (!(choices_flags(options->wishes, NAMESPACE_NEW) & CLONE_NEWTIME))
        return true;
    if (unshare(CLONE_NEWTIME) < 0)
        return failed(failure, "time", "unshare(CLONE_NEWTIME)", NULL);
    cleanup_fd int offsets = open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC);
    cleanup_fd int entered = open("/proc/self/ns/time_for_children", O_RDONLY | O_CLOEXEC);
    if (offsets < 0 || entered < 0)
        return failed(failure, "time", "open", "/proc/self/timens_offsets");
    if (!write_offsets(offsets, &options->time_offsets, failure))
        return false;
    return setns(entered, CLONE_NEWTIME) == 0 || failed(failure, "time", "setns", NULL);
}
