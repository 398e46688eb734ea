/*
 * Installs system-call filters and becomes a command: filtered WORD... -- COMMAND. `first` and
 * `second` answer sethostname(2) with another errno each, of which the newer counts; `lie` says
 * that it did what takes rights away, and does nothing.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static const int lies[] = {SYS_capset,    SYS_prctl,       SYS_setresuid, SYS_setresgid,
                           SYS_setgroups, SYS_close_range, SYS_setrlimit, SYS_prlimit64,
                           SYS_umask,     SYS_setsid,      SYS_dup2,      SYS_seccomp};
enum { LIES = sizeof lies / sizeof *lies };

static void answer(const int *calls, size_t count, unsigned error) {
    struct sock_filter program[2 * LIES + 2] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))};
    unsigned short length = 1;
    for (size_t i = 0; i < count; i++) {
        program[length++] =
            (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)calls[i], 0, 1);
        program[length++] =
            (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error);
    }
    program[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog whole = {length, program};
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &whole) < 0)
        perror("seccomp");
}

int main(int argc, char **argv) {
    const int host[] = {SYS_sethostname};
    int i = 1;
    for (; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "first") == 0)
            answer(host, 1, EDOM);
        if (strcmp(argv[i], "second") == 0)
            answer(host, 1, EXDEV);
        if (strcmp(argv[i], "lie") == 0)
            answer(lies, LIES, 0);
    }
    execvp(argv[i + 1], argv + i + 1);
    return 127;
}
