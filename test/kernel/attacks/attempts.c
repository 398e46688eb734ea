/*
 * What a hostile program in a sandbox would try, one row per attempt. Prints "name: ok" or
 * "name: ERRNO". Built by the tests, run inside with and without the defence.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/keyctl.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CALLERS_KEYRING "terrarium-canary"
#ifndef __NR_fchmodat2
#define __NR_fchmodat2 452
#endif
#define X32 0x40000000 /* __X32_SYSCALL_BIT */
#define HIGH_BIT (1L << 32)

static int scratch_file(void) {
    return open("/tmp/scratch", O_CREAT | O_RDWR, 0644);
}

static long set_id_chmod(void) {
    close(scratch_file());
    return chmod("/tmp/scratch", 04755);
}
static long set_gid_fchmod(void) {
    return fchmod(scratch_file(), 02755);
}
static long set_id_fchmodat(void) {
    close(scratch_file());
    return fchmodat(AT_FDCWD, "/tmp/scratch", 04755, 0);
}
static long set_id_fchmodat2(void) {
    close(scratch_file());
    return syscall(__NR_fchmodat2, AT_FDCWD, "/tmp/scratch", 04755, 0);
}
static long set_id_open(void) {
    return open("/tmp/opened", O_CREAT | O_WRONLY, 04755);
}
static long set_id_tmpfile(void) {
    return open("/tmp", O_TMPFILE | O_WRONLY, 04755);
}
static long set_id_creat(void) {
    return creat("/tmp/created", 04755);
}
static long set_gid_mkdir(void) {
    return mkdir("/tmp/directory", 02755);
}
static long set_id_mknod(void) {
    return mknod("/tmp/node", S_IFREG | 04755, 0);
}
static long plain_chmod(void) {
    close(scratch_file());
    return chmod("/tmp/scratch", 0755);
}
/* The mode is no argument of an open that creates nothing: any value may stand in its register. */
static long plain_open(void) {
    close(scratch_file());
    return syscall(SYS_openat, AT_FDCWD, "/tmp/scratch", O_RDONLY, 04755);
}
static long tiocsti(void) {
    return ioctl(0, TIOCSTI, "x");
}
/* CVE-2019-10063: the kernel looks at 32 bits, a filter might look at 64. */
static long tiocsti_high_bits(void) {
    return syscall(SYS_ioctl, 0, (unsigned long)TIOCSTI | 1UL << 32, "x");
}
static long tioclinux_high_bits(void) {
    char command = 3;
    return syscall(SYS_ioctl, 0, (unsigned long)TIOCLINUX | 1UL << 40, &command);
}
/* Line disciplines load modules; this is the one that every terminal has. */
static long line_discipline(void) {
    int discipline = 0;
    return ioctl(0, TIOCSETD, &discipline);
}
static long unshare_user(void) {
    return unshare(CLONE_NEWUSER);
}
static long unshare_time(void) {
    return unshare(0x80);
}
static long clone_user(void) {
    long child = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
    if (child == 0)
        _exit(0);
    return child;
}
static long clone3_plain(void) {
    struct clone_args arguments = {.exit_signal = SIGCHLD};
    long child = syscall(SYS_clone3, &arguments, sizeof arguments);
    if (child == 0)
        _exit(0);
    return child;
}
static long unknown_call(void) {
    return syscall(9999);
}
static long openat2_plain(void) {
    struct open_how how = {.flags = O_RDONLY};
    return syscall(SYS_openat2, AT_FDCWD, "/tmp", &how, sizeof how);
}
static long io_uring(void) {
    struct io_uring_params parameters = {0};
    return syscall(SYS_io_uring_setup, 1, &parameters);
}
static long file_handle(void) {
    struct {
        struct file_handle head;
        unsigned char bytes[MAX_HANDLE_SZ];
    } handle = {.head.handle_bytes = MAX_HANDLE_SZ};
    int mount;
    return name_to_handle_at(AT_FDCWD, "/tmp", &handle.head, &mount, 0);
}
static long fanotify(void) {
    return fanotify_init(FAN_CLASS_NOTIF | FAN_REPORT_FID, O_RDONLY);
}
static long read_memory(void) {
    char here = 1, there = 0;
    struct iovec from = {&here, 1}, to = {&there, 1};
    return process_vm_readv(getpid(), &to, 1, &from, 1, 0);
}
static long compare_processes(void) {
    return syscall(SYS_kcmp, getpid(), getpid(), 1, 0, 0);
}
static long read_clock_state(void) {
    struct timex state = {0};
    return clock_adjtime(CLOCK_REALTIME, &state);
}
static long memory_policy(void) {
    return syscall(SYS_get_mempolicy, NULL, NULL, 0, NULL, 0);
}
static long take_mount(void) {
    return open_tree(AT_FDCWD, "/", 0);
}
static long new_key(void) {
    return syscall(SYS_add_key, "user", "terrarium", "x", 1, -2 /* the process's keyring */);
}
static long bpf_call(void) {
    return syscall(SYS_bpf, 9999, 0, 0);
}
static long keyring(void) {
    return syscall(SYS_keyctl, 0, -3, 1);
}
/* The session keyring of whoever started the launcher: see main. */
static long callers_keyring(void) {
    char description[256] = "";
    if (syscall(SYS_keyctl, KEYCTL_DESCRIBE, KEY_SPEC_SESSION_KEYRING, description,
                sizeof description - 1) < 0)
        return -1;
    errno = ENOKEY;
    return strstr(description, CALLERS_KEYRING) ? 0 : -1;
}
static long mount_tmpfs(void) {
    return mount("x", "/tmp", "tmpfs", 0, NULL);
}
static long fsopen_tmpfs(void) {
    return fsopen("tmpfs", 0);
}
static long socket_alg(void) {
    return socket(AF_ALG, SOCK_SEQPACKET, 0);
}
static long socket_vsock(void) {
    return socket(AF_VSOCK, SOCK_STREAM, 0);
}
/* socket(2) takes an int: a filter that compares 64 bits is passed by any bit above. */
static long socket_alg_high_bits(void) {
    return syscall(SYS_socket, AF_ALG | HIGH_BIT, SOCK_SEQPACKET, 0);
}
static long socket_vsock_high_bits(void) {
    return syscall(SYS_socket, AF_VSOCK | HIGH_BIT, SOCK_STREAM, 0);
}
static long socket_inet(void) {
    return socket(AF_INET, SOCK_STREAM, 0);
}
#ifdef __x86_64__
/* The i386 table by int 0x80, whose pointers have 32 bits. */
static long int80(long number, long first, long second) {
    long result;
    __asm__ volatile("int $0x80"
                     : "=a"(result)
                     : "a"(number), "b"(first), "c"(second), "d"(0L)
                     : "memory", "r8", "r9", "r10", "r11");
    if (result >= 0)
        return result;
    errno = (int)-result;
    return -1;
}
static void *low_memory(void) {
    return mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
}
static long int80_getpid(void) {
    return int80(20, 0, 0);
}
static long int80_socket_alg(void) {
    return int80(359, AF_ALG, SOCK_SEQPACKET);
}
/* The way past moby's rule of 2026-05: the family lies in memory. */
static long int80_socketcall_alg(void) {
    unsigned *arguments = low_memory();
    memcpy(arguments, (unsigned[]){AF_ALG, SOCK_SEQPACKET, 0}, 3 * sizeof *arguments);
    return int80(102, 1 /* SYS_SOCKET */, (long)arguments);
}
static long int80_set_id_chmod(void) {
    close(scratch_file());
    return int80(15, (long)strcpy(low_memory(), "/tmp/scratch"), 04755);
}
static long x32_getpid(void) {
    return syscall(X32 | SYS_getpid);
}
static long x32_set_id_chmod(void) {
    close(scratch_file());
    return syscall(X32 | SYS_chmod, "/tmp/scratch", 04755);
}
/* Segments of another word size, for code that int 0x80 would serve. */
static long read_segments(void) {
    return syscall(SYS_modify_ldt, 0, NULL, 0);
}
#endif
/* With arguments that no kernel takes: whatever it answers without a filter is not the filter's. */
#define INVALID(call)                                                                              \
    static long call##_call(void) {                                                                \
        return syscall(SYS_##call, -1, -1, -1, -1, -1);                                            \
    }
INVALID(setns)
INVALID(io_uring_setup)
INVALID(openat2)
INVALID(open_tree)
INVALID(move_mount)
INVALID(mount_setattr)
INVALID(fspick)
INVALID(add_key)
INVALID(request_key)
INVALID(userfaultfd)
INVALID(perf_event_open)
INVALID(name_to_handle_at)
INVALID(process_vm_readv)
static long init_exe(void) {
    return open("/proc/1/exe", O_RDONLY);
}
static long init_exe_write(void) {
    return open("/proc/1/exe", O_WRONLY);
}
static long init_mem(void) {
    return open("/proc/1/mem", O_RDWR);
}
static long init_fd(void) {
    return open("/proc/1/fd", O_RDONLY | O_DIRECTORY);
}
static long init_root(void) {
    return open("/proc/1/root", O_PATH | O_DIRECTORY);
}
static long init_environ(void) {
    return open("/proc/1/environ", O_RDONLY);
}
static long init_ptrace(void) {
    return ptrace(PTRACE_SEIZE, 1, 0, 0);
}
static long sysrq(void) {
    return open("/proc/sysrq-trigger", O_WRONLY);
}
static long core_pattern(void) {
    return open("/proc/sys/kernel/core_pattern", O_WRONLY);
}
static long become_root(void) {
    return setuid(getuid() == 0 ? 1 : 0);
}
static long make_device(void) {
    return mknod("/tmp/disk", S_IFBLK | 0600, 0xfe00);
}
static long set_host_name(void) {
    return sethostname("owned", 5);
}

static const struct {
    const char *name;
    long (*attempt)(void);
} attempts[] = {
#define ROW(name)                                                                                  \
    { #name, name }
    ROW(set_id_chmod),
    ROW(set_gid_fchmod),
    ROW(set_id_fchmodat),
    ROW(set_id_fchmodat2),
    ROW(set_id_open),
    ROW(set_id_tmpfile),
    ROW(set_id_creat),
    ROW(set_gid_mkdir),
    ROW(set_id_mknod),
    ROW(plain_chmod),
    ROW(plain_open),
    ROW(tiocsti),
    ROW(tiocsti_high_bits),
    ROW(tioclinux_high_bits),
    ROW(line_discipline),
    ROW(unshare_user),
    ROW(unshare_time),
    ROW(clone_user),
    ROW(clone3_plain),
    ROW(unknown_call),
    ROW(openat2_plain),
    ROW(io_uring),
    ROW(file_handle),
    ROW(fanotify),
    ROW(read_memory),
    ROW(compare_processes),
    ROW(read_clock_state),
    ROW(memory_policy),
    ROW(take_mount),
    ROW(new_key),
    ROW(bpf_call),
    ROW(keyring),
    ROW(callers_keyring),
    ROW(mount_tmpfs),
    ROW(fsopen_tmpfs),
    ROW(socket_alg),
    ROW(socket_vsock),
    ROW(socket_alg_high_bits),
    ROW(socket_vsock_high_bits),
    ROW(socket_inet),
#ifdef __x86_64__
    ROW(x32_getpid),
    ROW(x32_set_id_chmod),
    ROW(int80_getpid),
    ROW(int80_socket_alg),
    ROW(int80_socketcall_alg),
    ROW(int80_set_id_chmod),
    ROW(read_segments),
#endif
    ROW(setns_call),
    ROW(io_uring_setup_call),
    ROW(openat2_call),
    ROW(open_tree_call),
    ROW(move_mount_call),
    ROW(mount_setattr_call),
    ROW(fspick_call),
    ROW(add_key_call),
    ROW(request_key_call),
    ROW(userfaultfd_call),
    ROW(perf_event_open_call),
    ROW(name_to_handle_at_call),
    ROW(process_vm_readv_call),
    ROW(init_exe),
    ROW(init_exe_write),
    ROW(init_mem),
    ROW(init_fd),
    ROW(init_root),
    ROW(init_environ),
    ROW(init_ptrace),
    ROW(sysrq),
    ROW(core_pattern),
    ROW(become_root),
    ROW(make_device),
    ROW(set_host_name),
};

/*
 * Each attempt in a process of its own, so that one that succeeds does not help the next. With
 * --keyring it starts another program, the launcher, with a session keyring of a known name.
 */
int main(int count, char **names) {
    if (count > 2 && strcmp(names[1], "--keyring") == 0) {
        syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, CALLERS_KEYRING);
        return execv(names[2], names + 2);
    }
    for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++) {
        if (count > 1 && strcmp(names[1], attempts[i].name) != 0)
            continue;
        fflush(stdout);
        pid_t child = fork();
        if (child == 0) {
            errno = 0;
            long result = attempts[i].attempt();
            printf("%s: %s\n", attempts[i].name, result >= 0 ? "ok" : strerrorname_np(errno));
            exit(0);
        }
        waitpid(child, NULL, 0);
    }
    return 0;
}
