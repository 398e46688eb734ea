#include "sharing.h"
#include <sched.h>

static bool maps_ids(const struct options *options) {
    return options->uid_maps.count > 0 || options->gid_maps.count > 0;
}

static bool idmaps_mounts(const struct options *options) {
    for (size_t i = 0; i < options->mount_count; i++)
        if (options->mounts[i].idmapped)
            return true;
    return options->root.idmapped;
}

static bool builds_root(const struct options *options) {
    return options->mount_count > 0 || options->root.source || options->read_only_root;
}

static bool names_host(const struct options *options) {
    return options->hostname;
}

static bool lacks_init(const struct options *options) {
    return options->no_init;
}

static bool lacks_cgroup(const struct options *options) {
    return options->cgroups.count == 0;
}

static bool shifts_clocks(const struct options *options) {
    return options->time_offsets.count > 0;
}

static bool has_mount(const struct options *options, enum mount_kind kind) {
    for (size_t i = 0; i < options->mount_count; i++)
        if (options->mounts[i].kind == kind)
            return true;
    return false;
}

static bool shows_cgroups(const struct options *options) {
    return has_mount(options, MOUNT_CGROUP);
}

static bool shows_network(const struct options *options) {
    return has_mount(options, MOUNT_SYSFS);
}

static const struct {
    int flag;
    bool when_host, when_joined;
    bool (*clashes)(const struct options *);
    const char *because;
} rules[] = {
    {CLONE_NEWUSER, true, true, maps_ids,
     "--uid-map and --gid-map describe a new user namespace: another one has its map already"},
    {CLONE_NEWUSER, true, false, idmaps_mounts,
     "id-mapped mounts take the map of a new or a joined user namespace"},
    {CLONE_NEWNS, true, true, builds_root,
     "mounts and a root need a mount namespace of the sandbox's own: they would change the other "
     "one"},
    {CLONE_NEWUTS, true, true, names_host,
     "--hostname needs a UTS namespace of the sandbox's own: it would rename the others too"},
    {CLONE_NEWPID, true, true, lacks_init,
     "--no-init needs a pid namespace of the sandbox's own: without one, init ends the rest"},
    {CLONE_NEWPID, false, true, lacks_cgroup,
     "a joined pid namespace does not end with the sandbox: give --cgroup, by which all in it is "
     "killed"},
    {CLONE_NEWCGROUP, true, true, shows_cgroups,
     "--cgroup-view needs a cgroup namespace of the sandbox's own: it would show others' cgroups"},
    {CLONE_NEWNET, true, false, shows_network,
     "--sysfs needs a network namespace of the sandbox's own: it would show the host's devices"},
    {CLONE_NEWTIME, true, true, shifts_clocks,
     "--time-offset needs a time namespace of the sandbox's own: --namespace time new"},
};

bool sharing_check(const struct options *options, struct failure *failure) {
    int host = choices_flags(options->wishes, NAMESPACE_HOST);
    int joined = choices_flags(options->wishes, NAMESPACE_JOINED);
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        int flags = (rules[i].when_host ? host : 0) | (rules[i].when_joined ? joined : 0);
        if ((flags & rules[i].flag) && rules[i].clashes(options))
            return refused(failure, "options", "%s", rules[i].because);
    }
    return true;
}
