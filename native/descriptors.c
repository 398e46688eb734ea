#include "descriptors.h"
#include "cleanup.h"
#include <fcntl.h>

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

bool descriptors_keep_only(int *kept, struct failure *failure) {
    if (*kept != 3 && dup3(*kept, 3, O_CLOEXEC) < 0)
        return failed(failure, "descriptors", "dup3", NULL);
    *kept = 3;
    if (close_range(4, ~0U, 0) < 0)
        return failed(failure, "descriptors", "close_range", NULL);
    return true;
}
