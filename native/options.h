/* What a command line asks for. */
#pragma once
#include "arguments.h"
#include "choices.h"
#include "failure.h"
#include "landlock.h"
#include "processes.h"
#include "rlimits.h"
#include <stdint.h>
#include <sys/types.h>

enum { COMMAND_RUN = 1, COMMAND_ENTER = 2 };

enum mount_kind {
    MOUNT_BIND,
    MOUNT_PROTECT, /* a path inside, bound onto itself */
    MOUNT_TMPFS,
    MOUNT_DIRECTORY,
    MOUNT_SYMLINK,
    MOUNT_PROC,
    MOUNT_DEV,
    MOUNT_SYSFS,
    MOUNT_MQUEUE,
    MOUNT_DEVPTS,
    MOUNT_OVERLAY, /* a writable layer over what is there */
    MOUNT_CGROUP,  /* the own cgroups, read-only */
    MOUNT_TEXT,    /* a read-only file with the text of `source` */
};

struct mount_spec {
    enum mount_kind kind;
    bool read_only;
    bool idmapped;
    bool single;   /* of a bind: without what is mounted below it */
    bool view;     /* of a bind: owners as on the host, nothing open but to a stranger there */
    bool optional; /* of a view: else a plain bind */
    bool device;   /* of a bind: a device node, which can be opened */
    bool set_id;   /* its set-uid and set-gid programs work */
    mode_t mode;
    const char
        *source; /* host path of a bind or of a layer, target of a symlink, options of a tmpfs */
    const char *target; /* absolute path inside */
    int tree;           /* detached mount of a bind's source; -1 until it was opened */
};

struct options {
    int command;
    const char *hostname;
    uint64_t uid, gid;
    struct string_list uid_maps, gid_maps; /* "INSIDE OUTSIDE COUNT", as in uid_map */
    uint64_t keep_capabilities, ambient_capabilities;
    bool new_privileges; /* no no_new_privs */
    struct landlock landlock;
    struct rlimits rlimits;
    struct string_list cgroups;
    bool placed;            /* no option: init begins in its version 2 cgroup (clone.h) */
    struct mount_spec root; /* source NULL: an empty tmpfs */
    struct mount_spec *mounts;
    size_t mount_count;
    const char *directory;
    struct string_list environment;
    bool read_only_root;
    bool terminal, no_init, keep_state, no_seccomp, follow;
    bool become_root;         /* of the user namespace, with all its capabilities */
    bool copy_seccomp;        /* the target's filters, where the kernel shows them */
    const char *toolbox;      /* a static program of the host; NULL: none */
    struct string_list tools; /* its names */
    uint32_t left;            /* bits of what follow leaves out (following.h) */
    const char *listen;
    uint64_t timeout_ms, grace_ms; /* 0: no limit */
    uint64_t die_with;             /* a pid; 0: nobody */
    uint64_t owner_uid, owner_gid;
    const char *state_directory;
    const char *nft_table; /* of the host, removed at the end; NULL: none */
    uint64_t pid, start_time;
    bool start_time_given;
    int namespaces;                                /* CLONE_NEW* that enter joins */
    struct namespace_wish wishes[NAMESPACE_COUNT]; /* of run, in the order of namespace_types */
    struct string_list time_offsets; /* "boottime SECONDS NANOSECONDS", as in timens_offsets */
    int status, sync;                /* descriptors, or -1 */
    char **arguments; /* the command, ends with a null pointer; empty where there are processes */
    struct process_list processes;
};

/* Parses what follows `run` or `enter`. arguments must outlive options. */
bool options_parse(struct options *options, int command, char **arguments, struct failure *failure);

void options_free(struct options *options);

/* --help: the table, on stdout. */
void options_print(void);
