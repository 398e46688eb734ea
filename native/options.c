#include "options.h"
#include "capabilities.h"
#include "following.h"
#include "namespaces.h"
#include "nearest.h"
#include "numbers.h"
#include "sharing.h"
#include <errno.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* uid_t and gid_t have one value that means "none" (setresuid(2)). */
static const uint64_t id_max = UINT32_MAX - 1;

/* A year: longer than anybody waits, and far from where a time_t ends. */
#define TIMEOUT_MAX_MS (366ULL * 24 * 60 * 60 * 1000)

/* As `docker stop` waits. */
enum { GRACE_MS = 10000 };

struct row {
    const char *name;
    const char *arguments; /* space-separated names; "" for a flag */
    const char *help;
    int commands;
    bool (*apply)(struct options *, const struct row *, char **values, struct failure *);
    size_t field;              /* offset in struct options */
    uint64_t maximum;          /* of a number */
    struct mount_spec pattern; /* of a mount */
};

static void *field_of(struct options *options, const struct row *row) {
    return (char *)options + row->field;
}

static bool set_flag(struct options *options, const struct row *row, char **values,
                     struct failure *failure) {
    (void)values, (void)failure;
    *(bool *)field_of(options, row) = true;
    return true;
}

static bool set_text(struct options *options, const struct row *row, char **values,
                     struct failure *failure) {
    (void)failure;
    *(const char **)field_of(options, row) = values[0];
    return true;
}

static bool add_text(struct options *options, const struct row *row, char **values,
                     struct failure *failure) {
    return string_list_add(field_of(options, row), values[0], failure);
}

static bool set_number(struct options *options, const struct row *row, char **values,
                       struct failure *failure) {
    if (!number_parse(values[0], row->maximum, field_of(options, row)))
        return refused(failure, "options", "--%s: '%s' is not a number from 0 to %llu", row->name,
                       values[0], (unsigned long long)row->maximum);
    return true;
}

static bool set_descriptor(struct options *options, const struct row *row, char **values,
                           struct failure *failure) {
    uint64_t number;
    if (!number_parse(values[0], INT32_MAX, &number))
        return refused(failure, "options", "--%s: '%s' is not the number of a descriptor",
                       row->name, values[0]);
    *(int *)field_of(options, row) = (int)number;
    return true;
}

static bool set_start_time(struct options *options, const struct row *row, char **values,
                           struct failure *failure) {
    options->start_time_given = true;
    return set_number(options, row, values, failure);
}

static bool set_namespaces(struct options *options, const struct row *row, char **values,
                           struct failure *failure) {
    (void)row;
    return namespaces_parse(values[0], &options->namespaces, failure);
}

static bool set_wish(struct options *options, const struct row *row, char **values,
                     struct failure *failure) {
    (void)row;
    return choices_parse(options->wishes, values[0], values[1], failure);
}

static bool set_owner(struct options *options, const struct row *row, char **values,
                      struct failure *failure) {
    (void)row;
    char *colon = strchr(values[0], ':');
    bool good = false;
    if (colon) {
        *colon = '\0';
        good = number_parse(values[0], id_max, &options->owner_uid) &&
               number_parse(colon + 1, id_max, &options->owner_gid);
        *colon = ':';
    }
    return good || refused(failure, "options", "--owner: '%s' is not UID:GID", values[0]);
}

static bool set_seccomp(struct options *options, const struct row *row, char **values,
                        struct failure *failure) {
    (void)row;
    bool enters = options->command == COMMAND_ENTER;
    options->no_seccomp = strcmp(values[0], "none") == 0;
    options->copy_seccomp = enters && strcmp(values[0], "target") == 0;
    if (options->no_seccomp || options->copy_seccomp || strcmp(values[0], "default") == 0)
        return true;
    return refused(failure, "options", "--seccomp: '%s' is not default%s or none", values[0],
                   enters ? ", target" : "");
}

static bool add_tool(struct options *options, const struct row *row, char **values,
                     struct failure *failure) {
    const char *name = values[0];
    if (!*name || strchr(name, '/') || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return refused(failure, "options", "--tool: '%s' is no name of a file", name);
    return add_text(options, row, values, failure);
}

static bool add_left(struct options *options, const struct row *row, char **values,
                     struct failure *failure) {
    return attribute_parse(values[0], field_of(options, row), failure);
}

static bool add_capability(struct options *options, const struct row *row, char **values,
                           struct failure *failure) {
    return capability_parse(values[0], field_of(options, row), failure);
}

static bool add_scope(struct options *options, const struct row *row, char **values,
                      struct failure *failure) {
    (void)row;
    return landlock_parse_scope(values[0], &options->landlock.scopes, failure);
}

static bool add_landlock_path(struct options *options, const struct row *row, char **values,
                              struct failure *failure) {
    options->landlock.files = true;
    if (values[0][0] != '/')
        return refused(failure, "options", "--%s: '%s' must be an absolute path", row->name,
                       values[0]);
    return add_text(options, row, values, failure);
}

static bool add_rlimit(struct options *options, const struct row *row, char **values,
                       struct failure *failure) {
    (void)row;
    return rlimits_parse(&options->rlimits, values[0], values[1], failure);
}

static bool add_process(struct options *options, const struct row *row, char **values,
                        struct failure *failure) {
    (void)row;
    return processes_add(&options->processes, values[0], values[1], failure);
}

static bool add_word(struct options *options, const struct row *row, char **values,
                     struct failure *failure) {
    (void)row;
    return processes_add_word(&options->processes, values[0], failure);
}

static bool set_root(struct options *options, const struct row *row, char **values,
                     struct failure *failure) {
    (void)failure;
    options->root = row->pattern;
    options->root.source = values[0];
    options->root.tree = -1;
    return true;
}

static bool add_mount(struct options *options, const struct row *row, char **values,
                      struct failure *failure) {
    bool two = strchr(row->arguments, ' ') != NULL;
    const char *target = values[two ? 1 : 0];
    bool root = target[strspn(target, "/")] == '\0';
    if (target[0] != '/' || (root && row->pattern.kind != MOUNT_OVERLAY))
        return refused(failure, "options",
                       "--%s: '%s' must be an absolute path below the root (--rootfs gives the "
                       "root itself)",
                       row->name, target);
    if (root && options->mount_count > 0)
        return refused(failure, "options", "--%s: a layer over / must be the first mount",
                       row->name);
    size_t size = (options->mount_count + 1) * sizeof *options->mounts;
    struct mount_spec *mounts = realloc(options->mounts, size);
    if (!mounts)
        return failed(failure, "options", "realloc", NULL);
    options->mounts = mounts;
    struct mount_spec *added = &mounts[options->mount_count++];
    *added = row->pattern;
    added->source = two ? values[0] : NULL;
    added->target = target;
    added->tree = -1;
    return true;
}

static bool set_single(struct options *options, const struct row *row, char **values,
                       struct failure *failure) {
    (void)values;
    struct mount_spec *last =
        options->mount_count ? &options->mounts[options->mount_count - 1] : NULL;
    if (!last || last->kind != MOUNT_BIND)
        return refused(failure, "options", "--%s must follow a bind", row->name);
    last->single = true;
    return true;
}

#define FIELD(name) offsetof(struct options, name)
#define BOTH (COMMAND_RUN | COMMAND_ENTER)

/* clang-format off */
static const struct row rows[] = {
    {"hostname", "NAME", "host name inside", COMMAND_RUN, set_text, FIELD(hostname), 0, {0}},
    {"namespace", "TYPE HOW", "new, host, or the path of one to join; repeatable (default: time host, the others new)", COMMAND_RUN, set_wish, 0, 0, {0}},
    {"time-offset", "LINE", "a line of timens_offsets, \"boottime 86400 0\"; repeatable", COMMAND_RUN, add_text, FIELD(time_offsets), 0, {0}},
    {"uid", "N", "user id inside (default 0)", COMMAND_RUN, set_number, FIELD(uid), UINT32_MAX - 1, {0}},
    {"gid", "N", "group id inside (default 0)", COMMAND_RUN, set_number, FIELD(gid), UINT32_MAX - 1, {0}},
    {"uid-map", "MAP", "a line of uid_map, \"INSIDE OUTSIDE COUNT\"; repeatable (default \"0 EUID 1\")", COMMAND_RUN, add_text, FIELD(uid_maps), 0, {0}},
    {"gid-map", "MAP", "a line of gid_map; repeatable (default \"0 EGID 1\")", COMMAND_RUN, add_text, FIELD(gid_maps), 0, {0}},
    {"keep-cap", "NAME", "a capability that root inside keeps; repeatable (default: none)", COMMAND_RUN, add_capability, FIELD(keep_capabilities), 0, {0}},
    {"ambient-cap", "NAME", "the same for who is not root inside; ambient and inheritable too", COMMAND_RUN, add_capability, FIELD(ambient_capabilities), 0, {0}},
    {"new-privileges", "", "leave no_new_privs unset, and the root's set-uid programs working", COMMAND_RUN, set_flag, FIELD(new_privileges), 0, {0}},
    {"rlimit", "NAME SOFT:HARD", "a limit of setrlimit(2) for the command, as nofile 1024:2048; repeatable", COMMAND_RUN, add_rlimit, 0, 0, {0}},
    {"rootfs", "DIR", "the root directory (default: an empty tmpfs)", COMMAND_RUN, set_root, 0, 0, {.kind = MOUNT_BIND}},
    {"idmap-rootfs", "DIR", "the same, id-mapped to the sandbox's ids", COMMAND_RUN, set_root, 0, 0, {.kind = MOUNT_BIND, .idmapped = true}},
    {"bind", "SRC DST", "mount SRC of the host at DST", COMMAND_RUN, add_mount, 0, 0, {.kind = MOUNT_BIND}},
    {"ro-bind", "SRC DST", "the same, read-only", COMMAND_RUN, add_mount, 0, 0, {.kind = MOUNT_BIND, .read_only = true}},
    {"idmap-bind", "SRC DST", "the same, id-mapped to the sandbox's ids", COMMAND_RUN, add_mount, 0, 0, {.kind = MOUNT_BIND, .idmapped = true}},
    {"ro-idmap-bind", "SRC DST", "the same, id-mapped and read-only", COMMAND_RUN, add_mount, 0, 0, {.kind = MOUNT_BIND, .idmapped = true, .read_only = true}},
    {"view", "SRC DST", "SRC read-only with its owners, open as to a stranger on the host", COMMAND_RUN, add_mount, 0, 0, {.kind = MOUNT_BIND, .idmapped = true, .read_only = true, .single = true, .view = true}},
    {"view-try", "SRC DST", "the same where the kernel can, else --ro-bind", COMMAND_RUN, add_mount, 0, 0, {.kind = MOUNT_BIND, .idmapped = true, .read_only = true, .single = true, .view = true, .optional = true}},
    {"device", "SRC DST", "the device node SRC of the host at DST", COMMAND_RUN, add_mount, 0, 0, {.kind = MOUNT_BIND, .device = true, .single = true}},
    {"overlay-tmpfs", "DST", "a writable layer in memory over the directory DST, which may be /", COMMAND_RUN, add_mount, 0, 0, {.kind = MOUNT_OVERLAY}},
    {"overlay", "DIR DST", "the same with the layer kept in DIR of the host", COMMAND_RUN, add_mount, 0, 0, {.kind = MOUNT_OVERLAY}},
    {"idmap-overlay", "DIR DST", "the same, id-mapped to the sandbox's ids", COMMAND_RUN, add_mount, 0, 0, {.kind = MOUNT_OVERLAY, .idmapped = true}},
    {"ro-protect", "PATH", "make PATH inside read-only where it exists and is no symlink", COMMAND_RUN, add_mount, 0, 0, {.kind = MOUNT_PROTECT, .read_only = true}},
    {"pin", "PATH", "keep PATH inside from being renamed or removed", COMMAND_RUN, add_mount, 0, 0, {.kind = MOUNT_PROTECT}},
    {"tmpfs", "DST", "an empty tmpfs, mode 0755", COMMAND_RUN, add_mount, 0, 0, {.kind = MOUNT_TMPFS, .mode = 0755}},
    {"tmpfs-shared", "DST", "an empty tmpfs, mode 1777", COMMAND_RUN, add_mount, 0, 0, {.kind = MOUNT_TMPFS, .mode = 01777}},
    {"tmpfs-with", "OPTIONS DST", "an empty tmpfs with tmpfs(5)'s options, as mode=700,size=64m", COMMAND_RUN, add_mount, 0, 0, {.kind = MOUNT_TMPFS}},
    {"single", "", "the last bind goes without what is mounted below its source", COMMAND_RUN, set_single, 0, 0, {0}},
    {"dir", "DST", "a directory, with its parents", COMMAND_RUN, add_mount, 0, 0, {.kind = MOUNT_DIRECTORY}},
    {"symlink", "TARGET DST", "a symbolic link", COMMAND_RUN, add_mount, 0, 0, {.kind = MOUNT_SYMLINK}},
    {"text", "TEXT DST", "a read-only file with that text", COMMAND_RUN, add_mount, 0, 0, {.kind = MOUNT_TEXT}},
    {"proc", "DST", "procfs of the new pid namespace", COMMAND_RUN, add_mount, 0, 0, {.kind = MOUNT_PROC}},
    {"dev", "DST", "a small /dev with its own devpts", COMMAND_RUN, add_mount, 0, 0, {.kind = MOUNT_DEV}},
    {"sysfs", "DST", "sysfs of the new network namespace, read-only", COMMAND_RUN, add_mount, 0, 0, {.kind = MOUNT_SYSFS}},
    {"mqueue", "DST", "the message queues of the new IPC namespace", COMMAND_RUN, add_mount, 0, 0, {.kind = MOUNT_MQUEUE}},
    {"devpts", "DST", "one more devpts of its own", COMMAND_RUN, add_mount, 0, 0, {.kind = MOUNT_DEVPTS}},
    {"cgroup-view", "DST", "the sandbox's own cgroups, read-only; needs --cgroup", COMMAND_RUN, add_mount, 0, 0, {.kind = MOUNT_CGROUP}},
    {"read-only-root", "", "nothing can be made in the root directory itself", COMMAND_RUN, set_flag, FIELD(read_only_root), 0, {0}},
    {"process", "NAME RESTART", "one of several commands, started in this order; RESTART: no, on-failure, always", COMMAND_RUN, add_process, 0, 0, {0}},
    {"word", "WORD", "a word of the last --process's command; repeatable", COMMAND_RUN, add_word, 0, 0, {0}},
    {"no-init", "", "make the command itself PID 1", COMMAND_RUN, set_flag, FIELD(no_init), 0, {0}},
    {"timeout", "MS", "end the sandbox with SIGTERM after that long; the exit code is 124", COMMAND_RUN, set_number, FIELD(timeout_ms), TIMEOUT_MAX_MS, {0}},
    {"timeout-grace", "MS", "SIGKILL that long after the SIGTERM (default 10000)", COMMAND_RUN, set_number, FIELD(grace_ms), TIMEOUT_MAX_MS, {0}},
    {"die-with", "PID", "kill the sandbox when that process ends", COMMAND_RUN, set_number, FIELD(die_with), INT32_MAX, {0}},
    {"state-dir", "DIR", "remove DIR at the end", COMMAND_RUN, set_text, FIELD(state_directory), 0, {0}},
    {"keep-state", "", "keep DIR, with the ending in exit.json", COMMAND_RUN, set_flag, FIELD(keep_state), 0, {0}},
    {"nft-table", "NAME", "remove the host's nftables table inet NAME at the end", COMMAND_RUN, set_text, FIELD(nft_table), 0, {0}},
    {"pid", "PID", "the process to enter", COMMAND_ENTER, set_number, FIELD(pid), INT32_MAX, {0}},
    {"start-time", "TICKS", "refuse PID where field 22 of its stat differs", COMMAND_ENTER, set_start_time, FIELD(start_time), UINT64_MAX, {0}},
    {"namespaces", "LIST", "the namespaces to join: pid,mnt,net,...", COMMAND_ENTER, set_namespaces, 0, 0, {0}},
    {"follow", "", "take PID's ids, groups, capabilities, no_new_privs, umask, limits, scheduling ...", COMMAND_ENTER, set_flag, FIELD(follow), 0, {0}},
    {"become-root", "", "be root of the user namespace instead, with all of its capabilities", COMMAND_ENTER, set_flag, FIELD(become_root), 0, {0}},
    {"toolbox", "FILE", "a root with this static program in /bin, and PID's root at /target", COMMAND_ENTER, set_text, FIELD(toolbox), 0, {0}},
    {"tool", "NAME", "one more name of it in /bin; repeatable", COMMAND_ENTER, add_tool, FIELD(tools), 0, {0}},
    {"leave", "NAME", "one of these that --follow leaves, as umask or affinity; repeatable", COMMAND_ENTER, add_left, FIELD(left), 0, {0}},
    {"cgroup", "DIR", "a cgroup directory to join; repeatable (run removes it at the end)", BOTH, add_text, FIELD(cgroups), 0, {0}},
    {"seccomp", "default|none", "the system-call filter (default: default for run, none for enter, which knows `target` too: PID's own)", BOTH, set_seccomp, 0, 0, {0}},
    {"scope", "abstract-sockets|signals", "reach these of no process outside, by Landlock; repeatable", BOTH, add_scope, 0, 0, {0}},
    {"landlock", "", "use no file but those below the paths of the next two", BOTH, set_flag, FIELD(landlock.files), 0, {0}},
    {"landlock-ro", "PATH", "read and execute below PATH inside, by Landlock; repeatable", BOTH, add_landlock_path, FIELD(landlock.read), 0, {0}},
    {"landlock-rw", "PATH", "do everything below PATH inside, by Landlock; repeatable", BOTH, add_landlock_path, FIELD(landlock.write), 0, {0}},
    {"chdir", "DIR", "working directory inside", BOTH, set_text, FIELD(directory), 0, {0}},
    {"env", "K=V", "a variable; repeatable (the command's environment is exactly these)", BOTH, add_text, FIELD(environment), 0, {0}},
    {"tty", "", "give the command a terminal", BOTH, set_flag, FIELD(terminal), 0, {0}},
    {"listen", "SOCKET", "wait for `launcher attach SOCKET` instead of using the own descriptors", BOTH, set_text, FIELD(listen), 0, {0}},
    {"owner", "UID:GID", "the socket's owner, who may attach besides root", BOTH, set_owner, 0, 0, {0}},
    {"status-fd", "N", "write status events there, one JSON object a line", BOTH, set_descriptor, FIELD(status), 0, {0}},
    {"sync-fd", "N", "wait for one byte there before the command starts", BOTH, set_descriptor, FIELD(sync), 0, {0}},
    {"args", "FD", "read NUL-separated arguments from FD, put here", BOTH, NULL, 0, 0, {0}},
};
/* clang-format on */
enum { ROW_COUNT = sizeof rows / sizeof *rows };

static const char *row_name(size_t index, const void *context) {
    int command = *(const int *)context;
    return rows[index].commands & command ? rows[index].name : NULL;
}

static const struct row *find_row(int command, const char *argument, struct failure *failure) {
    const char *name = strncmp(argument, "--", 2) == 0 ? argument + 2 : "";
    for (size_t i = 0; i < ROW_COUNT; i++)
        if ((rows[i].commands & command) && strcmp(rows[i].name, name) == 0)
            return &rows[i];
    if (!*name)
        refused(failure, "options", "'%s' is no option; the command follows \"--\"", argument);
    else
        refused(failure, "options", "unknown option %s; the nearest is --%s", argument,
                nearest_name(name, ROW_COUNT, row_name, &command));
    return NULL;
}

static size_t argument_count(const struct row *row) {
    if (!*row->arguments)
        return 0;
    return strchr(row->arguments, ' ') ? 2 : 1;
}

/* Applies the option at *argument and moves behind its values. */
static bool parse_option(struct options *options, char ***argument, struct failure *failure) {
    const struct row *row = find_row(options->command, **argument, failure);
    if (!row)
        return false;
    size_t count = argument_count(row);
    for (size_t i = 1; i <= count; i++)
        if (!(*argument)[i])
            return refused(failure, "options", "--%s needs %s", row->name, row->arguments);
    char **values = *argument + 1;
    *argument += count + 1;
    /* --args was expanded before; one that came out of --args itself is refused here. */
    if (!row->apply)
        return refused(failure, "options", "--args cannot stand inside --args");
    return row->apply(options, row, values, failure);
}

static bool is_variable(const char *text) {
    return *text && strchr(text + 1, '=');
}

/* One command behind "--", or several by --process. */
static bool check_commands(const struct options *options, struct failure *failure) {
    bool one = options->arguments && options->arguments[0];
    bool several = options->processes.count > 0;
    if (!one && !several)
        return refused(failure, "options", "no command: it follows \"--\"");
    if (several && (one || options->terminal || options->no_init))
        return refused(failure, "options",
                       "--process cannot stand beside a command, --tty or --no-init");
    return processes_check(&options->processes, failure);
}

static bool has_mount(const struct options *options, enum mount_kind kind) {
    for (size_t i = 0; i < options->mount_count; i++)
        if (options->mounts[i].kind == kind)
            return true;
    return false;
}

static bool check(const struct options *options, struct failure *failure) {
    if (!check_commands(options, failure))
        return false;
    for (size_t i = 0; i < options->environment.count; i++)
        if (!is_variable(options->environment.items[i]))
            return refused(failure, "options", "--env: '%s' is not K=V",
                           options->environment.items[i]);
    if (options->command == COMMAND_ENTER && (options->pid == 0 || options->namespaces == 0))
        return refused(failure, "options", "enter needs --pid and --namespaces");
    if (options->toolbox && !(options->namespaces & CLONE_NEWNS))
        return refused(failure, "options", "--toolbox needs mnt among --namespaces");
    if (options->follow && options->become_root)
        return refused(failure, "options", "--follow and --become-root exclude each other");
    if (options->command == COMMAND_RUN && !sharing_check(options, failure))
        return false;
    if (has_mount(options, MOUNT_CGROUP) && options->cgroups.count == 0)
        return refused(failure, "options",
                       "--cgroup-view needs --cgroup: it would show the cgroups of others");
    bool dev = options->command == COMMAND_ENTER || has_mount(options, MOUNT_DEV);
    if (options->terminal && !dev)
        return refused(failure, "options", "--tty needs --dev: the terminal is made in its devpts");
    return true;
}

bool options_parse(struct options *options, int command, char **arguments,
                   struct failure *failure) {
    *options = (struct options){.command = command,
                                .owner_uid = geteuid(),
                                .owner_gid = getegid(),
                                .no_seccomp = command == COMMAND_ENTER,
                                .grace_ms = GRACE_MS,
                                .root = {.tree = -1},
                                .status = -1,
                                .sync = -1};
    choices_set_default(options->wishes);
    char **argument = arguments;
    while (argument && *argument && strcmp(*argument, "--") != 0)
        if (!parse_option(options, &argument, failure))
            return false;
    if (argument && *argument)
        options->arguments = argument + 1;
    options->root.set_id = options->new_privileges;
    return check(options, failure);
}

void options_free(struct options *options) {
    string_list_free(&options->uid_maps);
    string_list_free(&options->gid_maps);
    string_list_free(&options->time_offsets);
    string_list_free(&options->cgroups);
    string_list_free(&options->environment);
    string_list_free(&options->tools);
    string_list_free(&options->landlock.read);
    string_list_free(&options->landlock.write);
    processes_free(&options->processes);
    free(options->mounts);
}

static void print_rows(const char *title, int command, const char *usage) {
    printf("%s\n  launcher %s OPTIONS -- COMMAND...\n", title, usage);
    for (size_t i = 0; i < ROW_COUNT; i++) {
        char left[64];
        if (!(rows[i].commands & command))
            continue;
        snprintf(left, sizeof left, "--%s %s", rows[i].name, rows[i].arguments);
        printf("    %-26s %s\n", left, rows[i].help);
    }
}

void options_print(void) {
    print_rows("Run a command in new namespaces:", COMMAND_RUN, "run");
    print_rows("\nEnter the namespaces of a process:", COMMAND_ENTER, "enter");
    puts("\nConnect this terminal to a session that listens:\n  launcher attach SOCKET\n"
         "\nExit code: the command's own; 124 its time was over, 125 the launcher failed, 126 "
         "cannot execute, 127 not "
         "found, 128+n ended by signal n.");
}
