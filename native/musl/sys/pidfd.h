/* musl 1.2.3 has no wrappers for these calls; glibc 2.36 has this header. */
#pragma once
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

static inline int pidfd_open(pid_t pid, unsigned flags) {
    return (int)syscall(SYS_pidfd_open, pid, flags);
}

static inline int pidfd_send_signal(int process, int number, siginfo_t *information,
                                    unsigned flags) {
    return (int)syscall(SYS_pidfd_send_signal, process, number, information, flags);
}
