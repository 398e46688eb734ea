/* What would harm the whole machine: tried in a virtual one only. */
#define _GNU_SOURCE
#include "escape.h"
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>
#ifdef __x86_64__
#include <sys/io.h>
#endif

enum { MEM_MAJOR = 1, MEM_MINOR = 1, RAM_DISK_MAJOR = 1 };

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
/* The kernel loads what a socket's family needs, for whoever asks: the multiplexor is a module. */
static long load_module_of_family(void) {
    return socket(AF_KCM, SOCK_DGRAM, 0);
}
/* When memory is short the kernel then ends others instead. */
static long never_be_killed(void) {
    return write_text("/proc/self/oom_score_adj", "-1000");
}
static long run_before_all_others(void) {
    return sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){.sched_priority = 1});
}
static long raise_hard_limit(void) {
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_max++;
    return setrlimit(RLIMIT_NOFILE, &limit);
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

const struct attempt on_machine[] = {
    ATTEMPT(set_clock),
    ATTEMPT(slow_clock_down),
    ATTEMPT(load_module),
    ATTEMPT(load_module_of_family),
    ATTEMPT(replace_kernel),
    ATTEMPT(restart_machine),
    ATTEMPT(never_be_killed),
    ATTEMPT(run_before_all_others),
    ATTEMPT(raise_hard_limit),
    ATTEMPT(swap_to_device),
    ATTEMPT(account_processes),
    ATTEMPT(read_physical_memory),
#ifdef __x86_64__
    ATTEMPT(use_ports),
#endif
    ATTEMPT(read_kernel_addresses),
    ATTEMPT(use_kernel_crypto),
    ATTEMPT(press_sysrq),
    END_OF_ATTEMPTS,
};
