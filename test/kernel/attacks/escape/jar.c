/*
 * A sandbox with some walls missing: joins the namespaces of a process in a
 * real one and takes on its system-call filter, its capabilities and
 * no_new_privs, all but what is named.
 *
 *     jar PID WALL,WALL... PROGRAM [ARGUMENT...]
 *     jar PID open            the mounts of that sandbox itself lose what
 * protects them
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FILTERS = 4, TEXT = 64, MOUNTS = 256 };

struct confinement {
    uint64_t capabilities;
    struct sock_fprog filters[FILTERS];
};

static bool is_missing(const char *walls, const char *wall) {
    size_t length = strlen(wall);
    for (; *walls; walls += strcspn(walls, ","), walls += *walls == ',')
        if (strncmp(walls, wall, length) == 0 && strchr(",", walls[length]))
            return true;
    return false;
}

static void check(bool good, const char *call) {
    if (good)
        return;
    fprintf(stderr, "jar: %s: %s\n", call, strerrorname_np(errno));
    exit(1);
}

/* ptrace(2), PTRACE_SECCOMP_GET_FILTER: the last one that was installed is
 * number 0. */
static void read_filters(pid_t pid, struct confinement *confinement) {
    check(ptrace(PTRACE_SEIZE, pid, 0, 0) == 0, "PTRACE_SEIZE");
    check(ptrace(PTRACE_INTERRUPT, pid, 0, 0) == 0, "PTRACE_INTERRUPT");
    waitpid(pid, NULL, __WALL);
    for (int i = 0; i < FILTERS; i++) {
        long length = ptrace(PTRACE_SECCOMP_GET_FILTER, pid, i, NULL);
        if (length <= 0)
            break;
        struct sock_filter *filter = calloc((size_t)length, sizeof *filter);
        check(ptrace(PTRACE_SECCOMP_GET_FILTER, pid, i, filter) > 0, "PTRACE_SECCOMP_GET_FILTER");
        confinement->filters[i] = (struct sock_fprog){(unsigned short)length, filter};
    }
    ptrace(PTRACE_DETACH, pid, 0, 0);
}

static void read_capabilities(pid_t pid, struct confinement *confinement) {
    char path[TEXT], line[256];
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    FILE *status = fopen(path, "re");
    check(status != NULL, "status");
    while (fgets(line, sizeof line, status))
        if (sscanf(line, "CapBnd: %lx", &confinement->capabilities) == 1)
            break;
    fclose(status);
}

static void join(pid_t pid, const char *missing) {
    static const struct {
        const char *name;
        int flag;
    } namespaces[] = {{"user", CLONE_NEWUSER},    {"mnt", CLONE_NEWNS},  {"pid", CLONE_NEWPID},
                      {"net", CLONE_NEWNET},      {"ipc", CLONE_NEWIPC}, {"uts", CLONE_NEWUTS},
                      {"cgroup", CLONE_NEWCGROUP}};
    int flags = 0;
    for (size_t i = 0; i < sizeof namespaces / sizeof *namespaces; i++)
        if (!is_missing(missing, namespaces[i].name))
            flags |= namespaces[i].flag;
    int process = (int)syscall(SYS_pidfd_open, pid, 0);
    /* chroot(2) and nothing else, as a root directory was made before there were
     * namespaces. */
    if (is_missing(missing, "pivot_root")) {
        flags &= ~CLONE_NEWNS;
        check(chroot(getenv("CELL")) == 0 && chdir("/") == 0, "chroot");
    }
    check(process >= 0 && setns(process, flags) == 0, "setns");
}

static void limit_capabilities(uint64_t kept) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];
    for (int i = 0; i < 2; i++) {
        uint32_t half = (uint32_t)(kept >> (32 * i));
        data[i] = (struct __user_cap_data_struct){half, half, 0};
    }
    for (int i = 0; prctl(PR_CAPBSET_READ, i, 0, 0, 0) >= 0; i++)
        if (!(kept >> i & 1))
            prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
    check(syscall(SYS_capset, &header, data) == 0, "capset");
}

/* What needs rights comes first, as in the launcher. */
static void confine(const struct confinement *confinement, const char *missing) {
    if (!is_missing(missing, "user"))
        check(setgroups(0, NULL) == 0 && setresgid(0, 0, 0) == 0 && setresuid(0, 0, 0) == 0,
              "setresuid");
    if (!is_missing(missing, "environment"))
        unsetenv("VSCODE_IPC_HOOK_CLI");
    if (!is_missing(missing, "descriptors"))
        close_range(3, ~0U, 0);
    if (!is_missing(missing, "seccomp"))
        for (int i = FILTERS - 1; i >= 0; i--)
            if (confinement->filters[i].len > 0)
                check(syscall(SYS_seccomp, 1, 0, &confinement->filters[i]) == 0, "seccomp");
    if (!is_missing(missing, "no_new_privs"))
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (!is_missing(missing, "capabilities"))
        limit_capabilities(confinement->capabilities);
}

static int run(pid_t pid, const char *missing, char **command) {
    struct confinement confinement = {0};
    read_filters(pid, &confinement);
    read_capabilities(pid, &confinement);
    join(pid, missing);
    pid_t child = fork();
    if (child == 0) {
        confine(&confinement, missing);
        execv(command[0], command);
        check(false, command[0]);
    }
    waitpid(child, NULL, 0);
    return 0;
}

/* Takes a mask or pin away, and the flags of all others. */
static void uncover(const char *path) {
    static const char *const covered[] = {"/proc/", ".git", ".vscode"};
    struct mount_attr attributes = {.attr_clr = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID |
                                                MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC};
    for (size_t i = 0; i < sizeof covered / sizeof *covered; i++)
        if (strstr(path, covered[i]))
            umount2(path, MNT_DETACH);
    /* In vain where the host's own mount has the flag: that is locked
     * (mount_namespaces(7)). */
    syscall(SYS_mount_setattr, AT_FDCWD, path, 0, &attributes, sizeof attributes);
}

static void uncover_all(FILE *mountinfo) {
    char *paths[MOUNTS], line[4096];
    int count = 0;
    while (count < MOUNTS && fgets(line, sizeof line, mountinfo))
        if (sscanf(line, "%*d %*d %*s %*s %ms", &paths[count]) == 1)
            count++;
    while (count > 0)
        uncover(paths[--count]);
}

static int furnish(pid_t pid, bool open) {
    char path[TEXT];
    snprintf(path, sizeof path, "/proc/%d/mountinfo", pid);
    FILE *mountinfo = fopen(path, "re");
    int process = (int)syscall(SYS_pidfd_open, pid, 0);
    check(mountinfo != NULL && setns(process, CLONE_NEWNS) == 0, "setns");
    if (open)
        uncover_all(mountinfo);
    unsigned long flags = open ? 0 : MS_NOSUID | MS_NODEV;
    check(mount("none", "/var/tmp", "tmpfs", flags, "mode=1777") == 0, "mount");
    return 0;
}

int main(int count, char **words) {
    check(count >= 3, "usage");
    pid_t pid = (pid_t)strtol(words[1], NULL, 10);
    return count == 3 ? furnish(pid, strcmp(words[2], "open") == 0) : run(pid, words[2], words + 3);
}
