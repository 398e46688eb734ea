#include "prepare.h"
#include "cgroups.h"
#include "cleanup.h"
#include "clocks.h"
#include "descendants.h"
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

/* *mounts: the mount namespace to join, or -1. */
static bool await_go(struct options *options, int monitor, int *mounts, struct failure *failure) {
    for (;;) {
        struct message message;
        int received[MESSAGE_DESCRIPTORS];
        if (!message_receive(monitor, &message, received))
            return failed(failure, "go", "recvmsg", NULL);
        if (message.kind == MESSAGE_GO) {
            *mounts = received[0];
            return true;
        }
        if (message.kind != MESSAGE_MOUNT || !take_mount(options, &message, received))
            return failed_because(failure, EPROTO, "go", "recvmsg", NULL, NULL);
    }
}

static bool is_new(const struct options *options, int flag) {
    return choices_flags(options->wishes, NAMESPACE_NEW) & flag;
}

/* A joined pid namespace is known by other numbers here than in the host's /proc. */
static bool shares_host_pids(const struct options *options) {
    return choices_flags(options->wishes, NAMESPACE_HOST) & CLONE_NEWPID;
}

/* From here on the process is the sandbox's own user, and hidden from everybody inside. */
static bool become_inside(const struct options *options, struct failure *failure) {
    /* A joined user namespace's clocks are the joiner's business: see there. */
    bool own_clocks = choices_file(options->wishes, CLONE_NEWUSER) < 0;
    if ((own_clocks && !clocks_enter(options, failure)) ||
        !identity_become((uid_t)options->uid, (gid_t)options->gid, failure))
        return false;
    /* After it was put into its cgroups, so that they are the root of the new view. */
    if (is_new(options, CLONE_NEWCGROUP) && unshare(CLONE_NEWCGROUP) < 0)
        return failed(failure, "namespaces", "unshare(CLONE_NEWCGROUP)", NULL);
    return privileges_hide(failure) && privileges_die_with_parent(failure) &&
           privileges_leave_keyring(failure);
}

static bool build_root(struct options *options, struct building *building,
                       struct failure *failure) {
    building->host_processes =
        !is_new(options, CLONE_NEWPID) && choices_file(options->wishes, CLONE_NEWPID) < 0;
    return devices_open(&building->devices, failure) && sources_open(options, failure) &&
           root_attach(options, building, failure) && mounts_apply(options, building, failure) &&
           (!options->read_only_root || root_seal(building, failure)) &&
           root_enter(building->root, failure);
}

/* Somebody else's tree is used as it is: there is nothing to build. */
static bool join_root(int mounts, struct building *building, struct failure *failure) {
    if (mounts >= 0 && setns(mounts, CLONE_NEWNS) < 0) {
        failed(failure, "namespaces", "setns", "mnt");
        return failed_hint(failure, "a mount namespace is joined with the user namespace that "
                                    "owns it (setns(2))");
    }
    building->root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    return building->root >= 0 || failed(failure, "root", "open", "/");
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
           landlock_close(&options->landlock, root, -1, failure) &&
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

/* The sandbox's own things, or where a namespace is not its own, the ones that are there. */
static bool build(struct options *options, int mounts, struct building *building,
                  struct prepared *prepared, struct failure *failure) {
    if (shares_host_pids(options) && (prepared->children = descendants_adopt(failure)) < 0)
        return false;
    bool rooted = is_new(options, CLONE_NEWNS) ? build_root(options, building, failure)
                                               : join_root(mounts, building, failure);
    return rooted && name_host(options->hostname, failure) &&
           (!is_new(options, CLONE_NEWNET) || network_raise_loopback(failure)) &&
           (!options->terminal || pty_open(building->terminals, &prepared->pty, failure));
}

bool prepare(struct options *options, int monitor, struct prepared *prepared,
             struct failure *failure) {
    struct message message = {.kind = MESSAGE_PREPARED};
    struct building building = {.root = -1, .terminals = -1};
    cleanup_fd int mounts = -1;
    if (!privileges_die_with_parent(failure) || !await_go(options, monitor, &mounts, failure) ||
        !cgroups_enter(&options->cgroups, options->placed, false, failure) ||
        !become_inside(options, failure))
        return false;
    prepared->umask = umask(0);
    for (int i = 0; i < 3; i++)
        if (!descriptor_forget(i, failure)) /* the monitor's are the host's, not init's business */
            return false;
    cleanup_fd int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (!build(options, mounts, &building, prepared, failure) ||
        !namespaces_read(proc, message.namespaces, failure))
        return false;
    if (!confine(options, building.root, failure))
        return false;
    close_building(&building);
    close_sources(options);
    int *master = &prepared->pty.master;
    bool sent = message_send(monitor, &message, master, options->terminal ? 1 : 0);
    cleanup_close_descriptor(master);
    return sent || failed(failure, "prepare", "sendmsg", NULL);
}
