#include "privileges.h"
#include "capabilities.h"
#include <errno.h>
#include <linux/keyctl.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

bool privileges_drop(uint64_t keep, struct failure *failure) {
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return failed(failure, "privileges", "prctl(PR_SET_NO_NEW_PRIVS)", NULL);
    /*
     * Under no_new_privs an exec gives root at most what was permitted before it, so the sets that
     * are kept must be permitted here. Inheritable stays empty (CVE-2022-24769).
     */
    struct capability_sets sets = {.permitted = keep, .effective = keep};
    return capabilities_bound(keep, failure) && capabilities_set_ambient(0, failure) &&
           capabilities_set(&sets, failure);
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
