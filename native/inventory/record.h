/*
 * What the task iterator writes and the helper reads: records, one after the other, of 32-bit words
 * in the machine's byte order. helper/kernel/taskRecords.ts says the same in TypeScript, and
 * test/kernel/inventory-iterator.test.ts compares the two. A change is another version.
 */
#pragma once

#define RECORD_MAGIC 0x4b534154 /* "TASK" */
#define RECORD_VERSION 2

enum {
    RECORD_COMM = 16,       /* TASK_COMM_LEN */
    RECORD_DEEPEST_PID = 32 /* MAX_PID_NS_LEVEL */
};

enum record_kind { RECORD_HEADER = 1, RECORD_CGROUP, RECORD_TASK, RECORD_SET, RECORD_ABOVE };

/* Every record begins so; size is that of the whole record, in bytes. */
struct record_start {
    unsigned short kind, size;
};

/* The first record of every reading. */
struct header_record {
    struct record_start start;
    unsigned int magic;
    unsigned int version;
};

/* One cgroup of a set. All of a set stand before the first process that is in it. */
struct cgroup_record {
    struct record_start start;
    unsigned int set;
    unsigned int hierarchy;       /* the number in /proc/PID/cgroup; 0 is version 2 */
    unsigned int id_low, id_high; /* the inode of its directory */
};

/* In the order of helper/protocol/namespaces.ts. */
enum record_namespace {
    RECORD_PID,
    RECORD_MNT,
    RECORD_NET,
    RECORD_USER,
    RECORD_UTS,
    RECORD_IPC,
    RECORD_CGROUP_NS,
    RECORD_TIME,
    RECORD_NAMESPACES
};

/*
 * Namespaces that processes are in together, and what the kernel knows of each. It stands before the
 * first process of the set. What is not known, or not for the reader to know, is 0.
 */
struct set_record {
    struct record_start start;
    unsigned int set;
    unsigned int namespaces[RECORD_NAMESPACES]; /* inodes; 0: it has none any more */
    unsigned int owners[RECORD_NAMESPACES];     /* user namespaces; of a user namespace its parent */
    unsigned int parent;                        /* of the pid namespace */
    unsigned int owner_uid;                     /* of the user namespace, in the first one */
    unsigned int ids[RECORD_NAMESPACES][2];     /* of Linux 6.18 and later: low, high */
};

/* A user or pid namespace that is above one of the set before: each up to the host's, or the reader's. */
struct above_record {
    struct record_start start;
    unsigned int type; /* RECORD_USER, RECORD_PID */
    unsigned int inode;
    unsigned int parent;
    unsigned int owner;     /* of a pid namespace */
    unsigned int owner_uid; /* of a user namespace */
    unsigned int id[2];
};

enum record_flag { RECORD_KERNEL_THREAD = 1, RECORD_ZOMBIE = 2 };

/*
 * A process, where tid and tgid are the same; else a thread that is perhaps in another namespace
 * than its process. Pids are the reader's.
 */
struct task_record {
    struct record_start start;
    unsigned int flags;
    unsigned int tgid;
    unsigned int tid;
    unsigned int parent; /* 0: not in the reader's pid namespace */
    unsigned int uid;    /* real, in the first user namespace */
    unsigned int euid;
    unsigned int set;                   /* of cgroups */
    unsigned int namespaces;            /* its set of them */
    unsigned int start_low, start_high; /* in ticks of 10 ms, as /proc tells the reader */
    char comm[RECORD_COMM];
    unsigned int nested;                   /* how many of the pids below are written */
    unsigned int pids[RECORD_DEEPEST_PID]; /* from below the reader's pid namespace, inwards */
};
