#include "prepare.h"
#include "cgroups.h"
#include "cleanup.h"
#include "descriptors.h"
#include "identity.h"
#include "message.h"
#include "network.h"
#include "privileges.h"
#include "resolve.h"
#include "root.h"
#include "seccomp.h"
#include "sources.h"
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>

static bool take_mount(struct options *options, const struct message *message, int *received) {
    bool root = message->number < 0;
    if (!root && (size_t)message->number >= options->mount_count)
        return false;
    struct mount_spec *mount = root ? &options->root : &options->mounts[message->number];
    mount->tree = take_fd(&received[0]);
    return true;
}

static bool await_go(struct options *options, int monitor, struct failure *failure) {
    for (;;) {
        struct message message;
        int received[MESSAGE_DESCRIPTORS];
        if (!message_receive(monitor, &message, received))
            return failed(failure, "go", "recvmsg", NULL);
        if (message.kind == MESSAGE_GO)
            return true;
        if (message.kind != MESSAGE_MOUNT || !take_mount(options, &message, received))
            return failed_because(failure, EPROTO, "go", "recvmsg", NULL, NULL);
    }
}

/* From here on the process is the sandbox's own user, and hidden from everybody inside. */
static bool become_inside(const struct options *options, struct failure *failure) {
    if (!identity_become((uid_t)options->uid, (gid_t)options->gid, failure))
        return false;
    /* After it was put into its cgroups, so that they are the root of the new view. */
    if (unshare(CLONE_NEWCGROUP) < 0)
        return failed(failure, "namespaces", "unshare(CLONE_NEWCGROUP)", NULL);
    return privileges_hide(failure) && privileges_die_with_parent(failure) &&
           privileges_leave_keyring(failure);
}

static bool build_root(struct options *options, struct building *building,
                       struct failure *failure) {
    return devices_open(&building->devices, failure) && sources_open(options, failure) &&
           root_attach(options, building, failure) && mounts_apply(options, building, failure) &&
           root_enter(building, failure);
}

static bool name_host(const char *hostname, struct failure *failure) {
    if (hostname && sethostname(hostname, strlen(hostname)) < 0)
        return failed(failure, "hostname", "sethostname", NULL);
    return true;
}

/* CVE-2024-21626: no magic link may lead the working directory out of the root. */
static bool change_directory(const struct options *options, int root, struct failure *failure) {
    if (!options->directory)
        return true;
    cleanup_fd int directory = resolve_existing(root, options->directory, O_PATH | O_DIRECTORY, 0);
    if (directory < 0 || fchdir(directory) < 0)
        return failed(failure, "chdir", "fchdir", options->directory);
    return true;
}

static bool confine(const struct options *options, int root, struct failure *failure) {
    return privileges_drop(options, failure) && privileges_die_with_parent(failure) &&
           change_directory(options, root, failure) &&
           landlock_close(&options->landlock, root, failure) &&
           (options->no_seccomp || seccomp_install(failure)) && privileges_settle(options, failure);
}

static void close_building(struct building *building) {
    for (int i = 0; i < DEVICE_COUNT; i++)
        cleanup_close_descriptor(&building->devices.nodes[i]);
    cleanup_close_descriptor(&building->root);
    cleanup_close_descriptor(&building->terminals);
}

static void close_sources(struct options *options) {
    cleanup_close_descriptor(&options->root.tree);
    for (size_t i = 0; i < options->mount_count; i++)
        cleanup_close_descriptor(&options->mounts[i].tree);
}

bool prepare(struct options *options, int monitor, struct pty *pty, mode_t *mask,
             struct failure *failure) {
    struct message prepared = {.kind = MESSAGE_PREPARED};
    struct building building = {.root = -1, .terminals = -1};
    if (!privileges_die_with_parent(failure) || !await_go(options, monitor, failure) ||
        !cgroups_enter_legacy(&options->cgroups, failure) || !become_inside(options, failure))
        return false;
    *mask = umask(0);
    for (int i = 0; i < 3; i++)
        descriptor_forget(i); /* the monitor's are the host's, and not init's business */
    cleanup_fd int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    namespaces_read(proc, prepared.namespaces);
    if (!build_root(options, &building, failure) || !name_host(options->hostname, failure) ||
        !network_raise_loopback(failure))
        return false;
    if (options->terminal && !pty_open(building.terminals, pty, failure))
        return false;
    if (!confine(options, building.root, failure))
        return false;
    close_building(&building);
    close_sources(options);
    bool sent = message_send(monitor, &prepared, &pty->master, options->terminal ? 1 : 0);
    cleanup_close_descriptor(&pty->master);
    return sent || failed(failure, "prepare", "sendmsg", NULL);
}
