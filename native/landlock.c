#include "landlock.h"
#include "cleanup.h"
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* As linux/landlock.h has them since Linux 6.12. */
struct ruleset {
    uint64_t files, network, scoped;
};
static const struct scope {
    const char *name;
    uint64_t bit;
} scopes_known[] = {{"abstract-sockets", 1 << 0}, {"signals", 1 << 1}};

bool landlock_parse(const char *name, uint64_t *scopes, struct failure *failure) {
    for (size_t i = 0; i < sizeof scopes_known / sizeof *scopes_known; i++) {
        if (strcmp(scopes_known[i].name, name) != 0)
            continue;
        *scopes |= scopes_known[i].bit;
        return true;
    }
    return refused(failure, "options", "--scope: '%s' is not abstract-sockets or signals", name);
}

bool landlock_close(uint64_t scopes, struct failure *failure) {
    if (scopes == 0)
        return true;
    /* An older kernel refuses the call or the bits: what cannot be applied is an error. */
    const struct ruleset ruleset = {.scoped = scopes};
    cleanup_fd int descriptor =
        (int)syscall(SYS_landlock_create_ruleset, &ruleset, sizeof ruleset, 0);
    if (descriptor < 0) {
        failed(failure, "landlock", "landlock_create_ruleset", NULL);
        return failed_hint(failure, "--scope needs Linux 6.12 or newer, with Landlock enabled");
    }
    if (syscall(SYS_landlock_restrict_self, descriptor, 0) < 0)
        return failed(failure, "landlock", "landlock_restrict_self", NULL);
    return true;
}
