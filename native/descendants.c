#include "descendants.h"
#include "cleanup.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

int descendants_adopt(struct failure *failure) {
    if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
        return failed(failure, "namespaces", "prctl(PR_SET_CHILD_SUBREAPER)", NULL) - 1;
    int children = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
    if (children < 0)
        failed(failure, "namespaces", "open", "/proc/thread-self/children");
    return children;
}

/* Kills what is in the text of `children`; the number of those that will end. */
static int kill_listed(const char *text, pid_t spared) {
    int killed = 0, width;
    pid_t pid;
    for (; sscanf(text, "%d%n", &pid, &width) == 1; text += width)
        if (pid != spared && kill(pid, SIGKILL) == 0)
            killed += waitpid(pid, NULL, 0) == pid;
    return killed;
}

/* One that is reaped leaves us its own children: the list is read until nobody is on it. */
void descendants_end(int children, pid_t spared) {
    char text[4096];
    for (int killed = 1; children >= 0 && killed > 0;) {
        ssize_t length = pread(children, text, sizeof text - 1, 0);
        if (length <= 0)
            return;
        text[length] = '\0';
        *(strrchr(text, ' ') ?: text) = '\0'; /* a number that was cut off is another process */
        killed = kill_listed(text, spared);
    }
}
