#include "seccomp_rules.h"
#include "syscalls.h"
#include <asm/ioctls.h>
#include <errno.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>

#ifndef __NR_mount_setattr
#define __NR_mount_setattr 442
#endif

/*
 * A set-uid or set-gid file on an id-mapped bind would belong to the host's root: the sandbox could
 * plant a root shell for anybody on the host. As systemd's RestrictSUIDSGID=.
 */
#define SET_ID_BITS (S_ISUID | S_ISGID)

/* New user namespaces open the kernel's larger half to an ordinary user; a sandbox needs none. */
#define NEW_NAMESPACES                                                                             \
    (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |  \
     CLONE_NEWNET)
#define NEW_TIME 0x00000080 /* CLONE_NEWTIME: in clone(2) these bits are the exit signal */

#define REFUSE(call)                                                                               \
    { __NR_##call, ALWAYS, 0, 0, EPERM }
#define UNKNOWN(call)                                                                              \
    { __NR_##call, ALWAYS, 0, 0, ENOSYS }
#define NO_SET_ID(call, argument)                                                                  \
    { __NR_##call, ANY_BIT, argument, SET_ID_BITS, EPERM }

const struct seccomp_rule seccomp_rules[] = {
    /* Their arguments lie in memory, which a filter cannot read: glibc falls back on ENOSYS. */
    UNKNOWN(clone3),
    UNKNOWN(openat2),
    /* Does file and socket calls that no filter sees. */
    UNKNOWN(io_uring_setup),
    UNKNOWN(io_uring_enter),
    UNKNOWN(io_uring_register),

    NO_SET_ID(fchmod, 1),
    NO_SET_ID(fchmodat, 2),
    NO_SET_ID(fchmodat2, 2),
    NO_SET_ID(mkdirat, 2),
    NO_SET_ID(mknodat, 2),
    {__NR_openat, CREATES_ANY_BIT, 3, SET_ID_BITS, EPERM},
#ifdef __NR_open /* the older forms, which aarch64 never had */
    NO_SET_ID(chmod, 1),
    NO_SET_ID(creat, 1),
    NO_SET_ID(mkdir, 1),
    NO_SET_ID(mknod, 1),
    {__NR_open, CREATES_ANY_BIT, 2, SET_ID_BITS, EPERM},
#endif

    {__NR_clone, ANY_BIT, 0, NEW_NAMESPACES, EPERM},
    {__NR_unshare, ANY_BIT, 0, NEW_NAMESPACES | NEW_TIME, EPERM},
    REFUSE(setns),

    REFUSE(mount),
    REFUSE(umount2),
    REFUSE(pivot_root),
    REFUSE(fsopen),
    REFUSE(fsconfig),
    REFUSE(fsmount),
    REFUSE(fspick),
    REFUSE(move_mount),
    REFUSE(open_tree),
    REFUSE(open_tree_attr),
    REFUSE(mount_setattr),

    /* The kernel compares all 64 bits of an ioctl's number only after it cut 32 (CVE-2019-10063).
     */
    {__NR_ioctl, EQUALS, 1, TIOCSTI, EPERM},   /* typing into the terminal's other session */
    {__NR_ioctl, EQUALS, 1, TIOCLINUX, EPERM}, /* the same by pasting, on a virtual console */

    {__NR_socket, EQUALS, 0, AF_ALG, EAFNOSUPPORT},
    {__NR_socket, EQUALS, 0, AF_VSOCK, EAFNOSUPPORT},

    /* Large surfaces, or state of the whole host. */
    REFUSE(bpf),
    REFUSE(perf_event_open),
    REFUSE(userfaultfd),
    REFUSE(keyctl), /* keyrings are no namespace: one per user on the host */
    REFUSE(add_key),
    REFUSE(request_key),
    REFUSE(kexec_load),
    REFUSE(kexec_file_load),
    REFUSE(init_module),
    REFUSE(finit_module),
    REFUSE(delete_module),
    REFUSE(open_by_handle_at), /* "shocker": opens any inode of a mounted file system */
    REFUSE(name_to_handle_at),
    REFUSE(process_vm_readv),
    REFUSE(process_vm_writev),
    REFUSE(quotactl),
    REFUSE(quotactl_fd),
    REFUSE(reboot),
    REFUSE(swapon),
    REFUSE(swapoff),
    REFUSE(settimeofday),
    REFUSE(clock_settime),
    REFUSE(clock_adjtime),
    REFUSE(adjtimex),
    REFUSE(syslog),
    REFUSE(acct),
    REFUSE(vhangup),
#ifdef __NR_lookup_dcookie
    REFUSE(lookup_dcookie),
#endif
#ifdef __NR_iopl
    REFUSE(iopl),
    REFUSE(ioperm),
#endif
};
const size_t seccomp_rule_count = sizeof seccomp_rules / sizeof *seccomp_rules;
