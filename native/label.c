#include "label.h"
#include "proctext.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool label_read(int directory, const char *prefix, struct label *label) {
    char path[64];
    snprintf(path, sizeof path, "%sattr/current", prefix);
    if (proctext_read(directory, path, label->text, sizeof label->text))
        return true;
    /* EINVAL: no module has labels for processes (security/security.c); ENOENT: none was built. */
    return errno == EINVAL || errno == ENOENT;
}

/* AppArmor says "docker-default (enforce)", and is asked by "exec docker-default". */
static void word_request(int procfs, const struct label *label, char *text, size_t size) {
    bool apparmor = faccessat(procfs, "thread-self/attr/apparmor", F_OK, 0) == 0;
    const char *mode = strstr(label->text, " (");
    int length = (int)(apparmor && mode ? (size_t)(mode - label->text) : strlen(label->text));
    snprintf(text, size, "%s%.*s", apparmor ? "exec " : "", length, label->text);
}

/*
 * procfs is the host's, opened before the target's mounts were: a label that is written to a file
 * of the target's choice would be no label (CVE-2019-16884, CVE-2025-52881).
 */
bool label_at_exec(int procfs, const struct label *label) {
    char text[sizeof label->text + 8];
    word_request(procfs, label, text, sizeof text);
    return proctext_write(procfs, "thread-self/attr/exec", text);
}
