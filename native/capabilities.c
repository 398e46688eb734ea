#include "capabilities.h"
#include <errno.h>
#include <linux/capability.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* In the order of linux/capability.h; the index is the number. */
static const char *const names[] = {
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
};
enum { NAME_COUNT = sizeof names / sizeof *names };

bool capability_parse(const char *name, uint64_t *set, struct failure *failure) {
    const char *bare = strncasecmp(name, "CAP_", 4) == 0 ? name + 4 : name;
    for (int i = 0; i < NAME_COUNT; i++) {
        if (strcasecmp(bare, names[i]) == 0) {
            *set |= UINT64_C(1) << i;
            return true;
        }
    }
    return refused(failure, "options", "'%s' is no capability (capabilities(7))", name);
}

static bool capability_get(struct __user_cap_data_struct *data) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    return syscall(SYS_capget, &header, data) == 0;
}

bool capability_held(int capability) {
    struct __user_cap_data_struct data[2] = {0};
    return capability_get(data) &&
           (data[capability / 32].effective & (UINT32_C(1) << (capability % 32)));
}

bool capabilities_bound(uint64_t keep, struct failure *failure) {
    /* The kernel's last capability may be newer than our table: ask until it says EINVAL. */
    for (int i = 0; i < 64; i++) {
        int held = prctl(PR_CAPBSET_READ, i, 0, 0, 0);
        if (held < 0 && errno == EINVAL)
            break;
        if (held < 0)
            return failed(failure, "privileges", "prctl(PR_CAPBSET_READ)", NULL);
        if (held == 1 && !(keep >> i & 1) && prctl(PR_CAPBSET_DROP, i, 0, 0, 0) < 0)
            return failed(failure, "privileges", "prctl(PR_CAPBSET_DROP)", NULL);
    }
    return true;
}

bool capabilities_set(const struct capability_sets *sets, struct failure *failure) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];
    for (int i = 0; i < 2; i++)
        data[i] = (struct __user_cap_data_struct){
            .effective = (uint32_t)(sets->effective >> (32 * i)),
            .permitted = (uint32_t)(sets->permitted >> (32 * i)),
            .inheritable = (uint32_t)(sets->inheritable >> (32 * i)),
        };
    if (syscall(SYS_capset, &header, data) < 0)
        return failed(failure, "privileges", "capset", NULL);
    return true;
}

bool capabilities_set_ambient(uint64_t ambient, struct failure *failure) {
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
        return failed(failure, "privileges", "prctl(PR_CAP_AMBIENT_CLEAR_ALL)", NULL);
    for (int i = 0; i < 64; i++)
        if ((ambient >> i & 1) && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, i, 0, 0) < 0)
            return failed(failure, "privileges", "prctl(PR_CAP_AMBIENT_RAISE)", NULL);
    return true;
}

/* Inheritable too: what leaves that set leaves the ambient one (capabilities(7)). */
static bool read_sets(struct capability_sets *sets, struct failure *failure) {
    struct __user_cap_data_struct data[2] = {0};
    if (!capability_get(data))
        return failed(failure, "privileges", "capget", NULL);
    sets->permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
    sets->inheritable = data[0].inheritable | (uint64_t)data[1].inheritable << 32;
    return true;
}

bool capabilities_use(uint64_t effective, struct failure *failure) {
    struct capability_sets sets = {0};
    if (!read_sets(&sets, failure))
        return false;
    sets.effective = effective;
    return capabilities_set(&sets, failure);
}

bool capabilities_raise(struct failure *failure) {
    struct capability_sets sets = {0};
    return read_sets(&sets, failure) && capabilities_use(sets.permitted, failure);
}
