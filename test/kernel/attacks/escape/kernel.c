/* The kernel's own doors: large interfaces with a history, and what no
 * namespace divides. */
#define _GNU_SOURCE
#include "escape.h"
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <linux/userfaultfd.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* return 0 */
static const struct bpf_insn nothing[] = {
    {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
    {.code = BPF_JMP | BPF_EXIT},
};

static long load_bpf_program(void) {
    union bpf_attr attributes = {.prog_type = BPF_PROG_TYPE_KPROBE,
                                 .insns = (uintptr_t)nothing,
                                 .insn_cnt = sizeof nothing / sizeof *nothing,
                                 .license = (uintptr_t) "GPL"};
    return syscall(SYS_bpf, BPF_PROG_LOAD, &attributes, sizeof attributes);
}
/* What a whole CPU does, whoever runs there. */
static long count_events_of_cpu(void) {
    struct perf_event_attr attributes = {
        .type = PERF_TYPE_SOFTWARE, .size = sizeof attributes, .config = PERF_COUNT_SW_CPU_CLOCK};
    return syscall(SYS_perf_event_open, &attributes, -1, 0, -1, 0);
}
static long handle_page_faults(void) {
    return syscall(SYS_userfaultfd, O_CLOEXEC);
}
static long set_up_io_uring(void) {
    struct io_uring_params parameters = {0};
    return syscall(SYS_io_uring_setup, 1, &parameters);
}
static long find_hosts_key(void) {
    return syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_USER_KEYRING, "user", given("KEY"), 0);
}
static long add_key(void) {
    return syscall(SYS_add_key, "user", "escape", "x", 1, KEY_SPEC_PROCESS_KEYRING);
}
static long read_kernel_log(void) {
    enum { SYSLOG_ACTION_SIZE_UNREAD = 9 }; /* needs CAP_SYSLOG whatever dmesg_restrict says */
    return klogctl(SYSLOG_ACTION_SIZE_UNREAD, NULL, 0);
}
static long reach_hypervisor(void) {
    return socket(AF_VSOCK, SOCK_STREAM, 0);
}

/* A terminal of our own as the controlling one, as a shell outside has its. */
static int own_terminal(void) {
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    grantpt(master);
    unlockpt(master);
    setsid();
    int terminal = open(ptsname(master), O_RDWR);
    ioctl(terminal, TIOCSCTTY, 0);
    return terminal;
}
/* CVE-2017-5226 */
static long type_into_terminal(void) {
    return ioctl(own_terminal(), TIOCSTI, "x");
}
/* CVE-2019-10063: the kernel looks at 32 bits, a filter might look at 64. */
static long type_into_terminal_by_high_bits(void) {
    return syscall(SYS_ioctl, own_terminal(), (unsigned long)TIOCSTI | 1UL << 32, "x");
}
/* CVE-2017-2636: line disciplines are modules that are loaded on demand. */
static long load_line_discipline(void) {
    int discipline = 0;
    return ioctl(own_terminal(), TIOCSETD, &discipline);
}
#ifdef __x86_64__
/* CVE-2017-17053 */
static long make_segments(void) {
    return syscall(SYS_modify_ldt, 0, NULL, 0);
}
#endif

const struct attempt on_kernel[] = {
    ATTEMPT(load_bpf_program),
    ATTEMPT(count_events_of_cpu),
    ATTEMPT(handle_page_faults),
    ATTEMPT(set_up_io_uring),
    ATTEMPT(find_hosts_key),
    ATTEMPT(add_key),
    ATTEMPT(read_kernel_log),
    ATTEMPT(reach_hypervisor),
    ATTEMPT(type_into_terminal),
    ATTEMPT(type_into_terminal_by_high_bits),
    ATTEMPT(load_line_discipline),
#ifdef __x86_64__
    ATTEMPT(make_segments),
#endif
    END_OF_ATTEMPTS,
};
