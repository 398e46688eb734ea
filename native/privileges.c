#include "privileges.h"
#include <errno.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * For root inside inheritable and ambient stay empty (CVE-2022-24769). Who is not root keeps
 * through execve(2) only what is ambient, and ambient must be inheritable: that is then what was
 * asked for.
 */
struct capability_sets privileges_sets(const struct options *options) {
    uint64_t ambient = options->ambient_capabilities;
    uint64_t kept = options->keep_capabilities | ambient;
    return (struct capability_sets){.inheritable = ambient,
                                    .permitted = kept,
                                    .effective = kept,
                                    .bounding = kept,
                                    .ambient = ambient};
}

bool privileges_drop(const struct options *options, struct failure *failure) {
    const struct capability_sets sets = privileges_sets(options);
    uint64_t for_now = sets.permitted | UINT64_C(1) << CAP_SYS_ADMIN;
    if (!options->new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return failed(failure, "privileges", "prctl(PR_SET_NO_NEW_PRIVS)", NULL);
    return capabilities_bound(sets.bounding, failure) &&
           capabilities_set(&(struct capability_sets){.permitted = for_now, .effective = for_now},
                            failure);
}

bool privileges_settle(const struct options *options, struct failure *failure) {
    const struct capability_sets sets = privileges_sets(options);
    /*
     * Under no_new_privs an exec gives root at most what was permitted before it, so the sets that
     * are kept must be permitted here.
     */
    return capabilities_set(&sets, failure) && capabilities_set_ambient(sets.ambient, failure);
}

bool privileges_hide(struct failure *failure) {
    /* The mm belongs to the host's user namespace: CAP_SYS_PTRACE inside does not reach it. */
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        return failed(failure, "privileges", "prctl(PR_SET_DUMPABLE)", NULL);
    return true;
}

bool privileges_leave_keyring(struct failure *failure) {
    /* ENOSYS: a kernel without keyrings. */
    if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) >= 0 || errno == ENOSYS)
        return true;
    failed(failure, "privileges", "keyctl(KEYCTL_JOIN_SESSION_KEYRING)", NULL);
    return failed_hint(failure, "sysctl kernel.keys.maxkeys limits the keyrings of a user");
}

bool privileges_die_with_parent(struct failure *failure) {
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
        return failed(failure, "privileges", "prctl(PR_SET_PDEATHSIG)", NULL);
    return true;
}

void privileges_outlive_parent(void) {
    prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0);
}
