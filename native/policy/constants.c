#include "policy.h"
#include <asm/ioctls.h>
#include <errno.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

struct constant {
    const char *name;
    uint32_t value;
};

/* Only constants that have one value on every architecture that the policy is compiled for. */
#define ROW(name)                                                                                  \
    { #name, name }
static const struct constant constants[] = {
    ROW(S_ISUID),
    ROW(S_ISGID),
    ROW(AF_UNIX),
    ROW(AF_INET),
    ROW(AF_INET6),
    ROW(AF_NETLINK),
    ROW(AF_PACKET),
    ROW(TIOCSTI),
    ROW(TIOCLINUX),
    ROW(TIOCSETD),
    ROW(CLONE_NEWNS),
    ROW(CLONE_NEWCGROUP),
    ROW(CLONE_NEWUTS),
    ROW(CLONE_NEWIPC),
    ROW(CLONE_NEWUSER),
    ROW(CLONE_NEWPID),
    ROW(CLONE_NEWNET),
    ROW(CLONE_NEWTIME),
    {"SELF", 0}, /* as prlimit(2) has it */
    {"O_CREAT", 0100},
    {"__O_TMPFILE", 020000000}, /* the kernel's: fcntl.h's O_TMPFILE holds O_DIRECTORY too */
};
static const struct constant errors[] = {ROW(EPERM), ROW(ENOSYS), ROW(EAFNOSUPPORT)};

static const struct constant *find(const struct constant *rows, size_t count, const char *name) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    return NULL;
}

static bool read_all(char *text, bool as_set, uint32_t *value) {
    char *rest;
    *value = 0;
    for (char *name = strtok_r(text, "|", &rest); name; name = strtok_r(NULL, "|", &rest)) {
        const struct constant *row = find(constants, sizeof constants / sizeof *constants, name);
        if (!row || (as_set && row->value >= SET_VALUES))
            return false;
        *value |= as_set ? UINT32_C(1) << row->value : row->value;
    }
    return *value != 0;
}

bool constants_read(char *text, uint32_t *value) {
    return read_all(text, false, value);
}

bool constants_read_set(char *text, uint32_t *set) {
    return read_all(text, true, set);
}

int constants_error(const char *name) {
    const struct constant *row = find(errors, sizeof errors / sizeof *errors, name);
    return row ? (int)row->value : 0;
}
