/* Processes outside, what they share, and PID 1. */
#define _GNU_SOURCE
#include "escape.h"
#include <fcntl.h>
#include <mqueue.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static pid_t neighbour(void) {
    return (pid_t)given_number("NEIGHBOUR");
}

static long signal_neighbour(void) {
    return kill(neighbour(), SIGURG);
}
static long signal_neighbour_by_pidfd(void) {
    int process = (int)syscall(SYS_pidfd_open, neighbour(), 0);
    return process < 0 ? -1 : syscall(SYS_pidfd_send_signal, process, SIGURG, NULL, 0);
}
static long trace_neighbour(void) {
    return ptrace(PTRACE_SEIZE, neighbour(), 0, 0);
}
static long read_neighbours_memory(void) {
    char there[8];
    void *address = (void *)(uintptr_t)strtoull(given("ADDRESS"), NULL, 16);
    struct iovec to = {there, sizeof there}, from = {address, sizeof there};
    return process_vm_readv(neighbour(), &to, 1, &from, 1, 0);
}
static long take_neighbours_descriptor(void) {
    int process = (int)syscall(SYS_pidfd_open, neighbour(), 0);
    return process < 0 ? -1 : syscall(SYS_pidfd_getfd, process, 0, 0);
}
static long compare_with_neighbour(void) {
    enum { KCMP_VM = 1 };
    return syscall(SYS_kcmp, getpid(), neighbour(), KCMP_VM, 0, 0);
}
static long slow_neighbour_down(void) {
    return setpriority(PRIO_PROCESS, (id_t)neighbour(), 1);
}
static long pin_neighbour(void) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(0, &set);
    return sched_setaffinity(neighbour(), sizeof set, &set);
}
static long limit_neighbour(void) {
    struct rlimit limit;
    return prlimit(neighbour(), RLIMIT_CORE, NULL, &limit);
}
static long go_first(void) {
    return setpriority(PRIO_PROCESS, 0, -20);
}

static long attach_shared_memory(void) {
    int segment = shmget((key_t)given_number("SHARED_MEMORY"), 0, 0);
    return segment < 0 ? -1 : (long)shmat(segment, NULL, 0);
}
static long read_message_queue(void) {
    return mq_open(given("QUEUE"), O_RDONLY);
}
/* Only where it is still the host's name: the sandbox's own may be changed by
 * who has the right. */
static long name_host(void) {
    char name[256] = "";
    gethostname(name, sizeof name - 1);
    if (strcmp(name, given("HOST_NAME")) != 0)
        return failed(ENOMSG);
    return sethostname(name, strlen(name));
}

/* CVE-2016-9962, CVE-2019-5736: the launcher's own program, memory and
 * descriptors. */
static long read_init_program(void) {
    return can_open("/proc/1/exe", O_RDONLY);
}
static long write_init_memory(void) {
    return can_open("/proc/1/mem", O_RDWR);
}
static long trace_init(void) {
    return ptrace(PTRACE_SEIZE, 1, 0, 0);
}

const struct attempt on_processes[] = {
    ATTEMPT(signal_neighbour),
    ATTEMPT(signal_neighbour_by_pidfd),
    ATTEMPT(trace_neighbour),
    ATTEMPT(read_neighbours_memory),
    ATTEMPT(take_neighbours_descriptor),
    ATTEMPT(compare_with_neighbour),
    ATTEMPT(slow_neighbour_down),
    ATTEMPT(pin_neighbour),
    ATTEMPT(limit_neighbour),
    ATTEMPT(go_first),
    ATTEMPT(attach_shared_memory),
    ATTEMPT(read_message_queue),
    ATTEMPT(name_host),
    ATTEMPT(read_init_program),
    ATTEMPT(write_init_memory),
    ATTEMPT(trace_init),
    END_OF_ATTEMPTS,
};
