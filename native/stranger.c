#include "stranger.h"
#include "capabilities.h"
#include "privileges.h"
#include <errno.h>
#include <linux/capability.h>
#include <sys/fsuid.h>
#include <unistd.h>

/* The last of a sandbox's 65,536 ids. No host gives it to a user: in 16 bits it means "none". */
enum { STRANGER = 65535 };

/* setfsuid(2) tells no error: it answers what the id was before. */
static bool is_stranger(void) {
    return setfsuid((uid_t)-1) == STRANGER && setfsgid((gid_t)-1) == STRANGER;
}

bool stranger_begin(struct failure *failure) {
    setfsgid(STRANGER);
    setfsuid(STRANGER);
    if (!is_stranger())
        return failed_because(failure, EINVAL, "view", "setfsuid", NULL,
                              "the sandbox's id maps must hold the id 65535");
    return capabilities_use(UINT64_C(1) << CAP_SYS_ADMIN, failure);
}

bool stranger_end(struct failure *failure) {
    setfsuid(geteuid());
    setfsgid(getegid());
    /* The kernel forgets the parent-death signal when the file system ids change (prctl(2)). */
    return capabilities_raise(failure) && privileges_die_with_parent(failure);
}
