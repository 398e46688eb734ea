/*
 * The launcher (LAUNCHER) on a kernel that lacks some system calls (MISSING): a seccomp filter
 * gives them an ANSWER, ENOSYS as a kernel does or EPERM as that of a container may.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const int missing[] = {MISSING};
enum { COUNT = sizeof missing / sizeof *missing };

int main(int argc, char **argv) {
    (void)argc;
    struct sock_filter program[2 * COUNT + 2] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))};
    for (int i = 0; i < COUNT; i++) {
        program[2 * i + 1] =
            (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)missing[i], 0, 1);
        program[2 * i + 2] =
            (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ANSWER);
    }
    program[2 * COUNT + 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog filter = {2 * COUNT + 2, program};
    /* As root, whose CAP_SYS_ADMIN makes no_new_privs unnecessary: it would change what is tested. */
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) < 0)
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) &&
        syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) < 0) {
        perror("without: seccomp");
        return 125;
    }
    execv(LAUNCHER, argv);
    perror("without: execv");
    return 125;
}
