/*
 * The physical floor: the same namespaces as `bwrap --unshare-all`, a read-only root from the
 * host's, pivot_root, exec. No policy, no report, no init, no error messages: what is slower than
 * this pays for something, and what is faster cannot be.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    NAMESPACES = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC |
                 CLONE_NEWNET | CLONE_NEWCGROUP
};

static void require(int good) {
    if (good)
        return;
    perror("floor");
    _exit(125);
}

static void write_map(const char *file, unsigned own) {
    char line[32];
    int length = snprintf(line, sizeof line, "0 %u 1\n", own);
    int map = open(file, O_WRONLY);
    require(map >= 0 && write(map, line, (size_t)length) == length && close(map) == 0);
}

static void pivot(void) {
    struct mount_attr read_only = {.attr_set = MOUNT_ATTR_RDONLY, .propagation = MS_PRIVATE};
    int root = open_tree(AT_FDCWD, "/", OPEN_TREE_CLONE | AT_RECURSIVE);
    require(root >= 0);
    require(mount_setattr(root, "", AT_EMPTY_PATH | AT_RECURSIVE, &read_only, sizeof read_only) ==
            0);
    require(mount(NULL, "/", NULL, MS_SLAVE | MS_REC, NULL) == 0);
    require(move_mount(root, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) == 0);
    require(fchdir(root) == 0 && syscall(SYS_pivot_root, ".", ".") == 0);
    require(umount2(".", MNT_DETACH) == 0 && close(root) == 0);
}

int main(int argc, char **argv) {
    unsigned uid = geteuid(), gid = getegid();
    struct clone_args arguments = {.flags = NAMESPACES | CLONE_VFORK, .exit_signal = SIGCHLD};
    require(argc > 1);
    pid_t child = (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
    require(child >= 0);
    if (child == 0) {
        write_map("/proc/self/uid_map", uid);
        int denied = open("/proc/self/setgroups", O_WRONLY);
        require(denied >= 0 && write(denied, "deny", 4) == 4 && close(denied) == 0);
        write_map("/proc/self/gid_map", gid);
        pivot();
        execve(argv[1], argv + 1, environ);
        require(0);
    }
    int status;
    require(waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
