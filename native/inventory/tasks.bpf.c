// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * The task iterator. The kernel runs dump_task for each thread in the reader's pid namespace while
 * the iterator is read (Linux 5.8); it writes the records of record.h. The kernel lends the
 * functions that it calls to programs under a licence that is compatible with the GPL only: hence
 * the line above.
 *
 * A record that finds no room in the kernel's buffer is written again, with all that belongs to its
 * task, at the next read(2): so a set of cgroups counts as told only when its first task has been.
 */
#include "kernel.h"
#include "record.h"
#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
/* These come after the types above. */
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

char program_license[] SEC("license") = "Dual MIT/GPL";

enum { PF_KTHREAD = 0x00200000, MOST_HIERARCHIES = 32, MOST_SETS = 8192, MOST_TRIES = 2 };
/* A power of two, by which the verifier sees what a size is at most, and above both depths. */
enum { DEEPEST_USER = 33, MOST_ABOVE = 64 };
enum { NANOSECONDS_PER_SECOND = 1000000000, NANOSECONDS_PER_TICK = 10000000 };

/* Which sets, of cgroups or of namespaces, this reading has told of already, under which number. */
struct known_set {
    __u64 session;
    __u64 number;
};

struct {
    __uint(type, BPF_MAP_TYPE_LRU_HASH);
    __uint(max_entries, MOST_SETS);
    __type(key, __u64);
    __type(value, struct known_set);
} known_sets SEC(".maps");

/* By their inodes: an nsproxy's memory may be another's in the same reading. */
struct namespaces {
    unsigned int inodes[RECORD_NAMESPACES];
};

struct {
    __uint(type, BPF_MAP_TYPE_LRU_HASH);
    __uint(max_entries, MOST_SETS);
    __type(key, struct namespaces);
    __type(value, struct known_set);
} known_namespaces SEC(".maps");

/* What the reader's pid and time namespaces make of numbers; found out as a reading begins. */
static unsigned int reader_level;
static __s64 reader_boottime_offset;

/* The verifier lets nobody index an array in the kernel's memory: the address is made by hand. */
static struct upid *upid_at(struct pid *pid, unsigned int level) {
    return (struct upid *)((unsigned long)pid + bpf_core_field_offset(struct pid, numbers) +
                           level * bpf_core_type_size(struct upid));
}

/* 0 where it is not visible at that level; `pid` may be any number that was read. */
static unsigned int nested_pid(struct pid *pid, unsigned int level) {
    return BPF_CORE_READ(pid, level) < level ? 0 : BPF_CORE_READ(upid_at(pid, level), nr);
}

static void find_out_reader(void) {
    struct task_struct *reader = (struct task_struct *)bpf_get_current_task();
    reader_level = BPF_CORE_READ(reader, thread_pid, level);
    struct time_namespace *time = BPF_CORE_READ(reader, nsproxy, time_ns);
    reader_boottime_offset = BPF_CORE_READ(time, offsets.boottime.tv_sec) * NANOSECONDS_PER_SECOND +
                             BPF_CORE_READ(time, offsets.boottime.tv_nsec);
}

static bool write_header(struct seq_file *seq) {
    struct header_record header = {.start = {.kind = RECORD_HEADER, .size = sizeof header},
                                   .magic = RECORD_MAGIC,
                                   .version = RECORD_VERSION};
    return bpf_seq_write(seq, &header, sizeof header) == 0;
}

static bool write_cgroup(struct seq_file *seq, unsigned int set, struct cgroup *cgroup) {
    __u64 id = BPF_CORE_READ(cgroup, kn, id);
    struct cgroup_record record = {.start = {.kind = RECORD_CGROUP, .size = sizeof record},
                                   .set = set,
                                   .hierarchy = BPF_CORE_READ(cgroup, root, hierarchy_id),
                                   .id_low = id,
                                   .id_high = id >> 32};
    return bpf_seq_write(seq, &record, sizeof record) == 0;
}

/* One cgroup of each hierarchy, those of version 1 that have only a name included. */
static bool write_set(struct seq_file *seq, unsigned int number, struct css_set *set) {
    unsigned long head = (unsigned long)set + bpf_core_field_offset(struct css_set, cgrp_links);
    unsigned long offset = bpf_core_field_offset(struct cgrp_cset_link, cgrp_link);
    struct list_head *place = set->cgrp_links.next;
    for (int i = 0; i < MOST_HIERARCHIES && (unsigned long)place != head; i++) {
        struct cgrp_cset_link *link = (struct cgrp_cset_link *)((unsigned long)place - offset);
        if (!write_cgroup(seq, number, BPF_CORE_READ(link, cgrp)))
            return false;
        place = BPF_CORE_READ(place, next);
    }
    return true;
}

static void read_inodes(struct nsproxy *nsproxy, unsigned int *inodes) {
    inodes[RECORD_MNT] = nsproxy->mnt_ns->ns.inum;
    inodes[RECORD_NET] = nsproxy->net_ns->ns.inum;
    inodes[RECORD_UTS] = nsproxy->uts_ns->ns.inum;
    inodes[RECORD_IPC] = nsproxy->ipc_ns->ns.inum;
    inodes[RECORD_CGROUP_NS] = nsproxy->cgroup_ns->ns.inum;
    inodes[RECORD_TIME] = nsproxy->time_ns->ns.inum;
}

/*
 * What was read of `nsproxy`, the task's, is true if the task has the same afterwards: it could have
 * changed it, and another task got the memory. One that ends lets go of it before it becomes a zombie.
 */
static struct nsproxy *read_nsproxy(struct task_struct *task, struct nsproxy *nsproxy,
                                    unsigned int *inodes, unsigned int *flags) {
    for (int i = 0; i < MOST_TRIES; i++) {
        struct nsproxy *before = nsproxy;
        read_inodes(before, inodes);
        barrier();
        nsproxy = task->nsproxy;
        if (nsproxy != before)
            continue;
        if (!nsproxy)
            *flags |= RECORD_ZOMBIE;
        return nsproxy;
    }
    __builtin_memset(inodes, 0, sizeof(struct namespaces));
    return NULL;
}

/* As NS_GET_ID answers. Read by its address: the type that has it is not one of every kernel's. */
static void read_id(const struct ns_common *space, unsigned int *id) {
    const struct ns_common___with_id *with_id = (const struct ns_common___with_id *)space;
    if (!bpf_core_field_exists(with_id->ns_id))
        return;
    __u64 whole = BPF_CORE_READ(with_id, ns_id);
    id[0] = whole;
    id[1] = whole >> 32;
}

#define READ_OWNER(record, place, space)                                                           \
    do {                                                                                           \
        (record)->owners[place] = (space)->user_ns->ns.inum;                                       \
        read_id(&(space)->ns, (record)->ids[place]);                                               \
    } while (0)

static void read_owners(struct nsproxy *nsproxy, struct set_record *record) {
    READ_OWNER(record, RECORD_MNT, nsproxy->mnt_ns);
    READ_OWNER(record, RECORD_NET, nsproxy->net_ns);
    READ_OWNER(record, RECORD_UTS, nsproxy->uts_ns);
    READ_OWNER(record, RECORD_IPC, nsproxy->ipc_ns);
    READ_OWNER(record, RECORD_CGROUP_NS, nsproxy->cgroup_ns);
    READ_OWNER(record, RECORD_TIME, nsproxy->time_ns);
}

/* As NS_GET_PARENT answers: what is above the reader's own is not for the reader to know. */
static unsigned int parent_of(struct pid_namespace *space) {
    return BPF_CORE_READ(space, level) > reader_level ? BPF_CORE_READ(space, parent, ns.inum) : 0;
}

/* These are not on the stack, which is 512 bytes in all; nobody else reads what was loaded for one. */
static struct set_record together;
static struct above_record above[MOST_ABOVE];

/*
 * The two answer how many bytes of `above` are filled. They are not static, and take a number for a
 * pointer, so that the verifier goes through their loops by themselves, once, and not once for each way
 * that leads to them.
 */

/* Up to the first one, in which whoever reads is: CAP_BPF is asked for there. */
__noinline int read_users_above(__u64 user) {
    struct user_namespace *space = (struct user_namespace *)user;
    int count = 0;
    for (; count < DEEPEST_USER; count++) {
        space = BPF_CORE_READ(space, parent);
        if (BPF_CORE_READ(space, level) == 0)
            break;
        struct above_record *record = &above[count];
        *record = (struct above_record){.start = {.kind = RECORD_ABOVE, .size = sizeof *record},
                                        .type = RECORD_USER,
                                        .inode = BPF_CORE_READ(space, ns.inum),
                                        .owner = BPF_CORE_READ(space, parent, ns.inum),
                                        .owner_uid = BPF_CORE_READ(space, owner.val)};
        read_id(&space->ns, record->id);
    }
    return count * sizeof *above;
}

__noinline int read_pids_above(__u64 pids) {
    struct pid_namespace *space = (struct pid_namespace *)pids;
    int count = 0;
    for (; count < RECORD_DEEPEST_PID; count++) {
        space = BPF_CORE_READ(space, parent);
        if (BPF_CORE_READ(space, level) <= reader_level)
            break;
        struct above_record *record = &above[count];
        *record = (struct above_record){.start = {.kind = RECORD_ABOVE, .size = sizeof *record},
                                        .type = RECORD_PID,
                                        .inode = BPF_CORE_READ(space, ns.inum),
                                        .owner = BPF_CORE_READ(space, user_ns, ns.inum),
                                        .parent = parent_of(space)};
        read_id(&space->ns, record->id);
    }
    return count * sizeof *above;
}

static bool write_above(struct seq_file *seq, int bytes) {
    __u64 size = bytes & (sizeof above - 1);
    return size == 0 || bpf_seq_write(seq, above, size) == 0;
}

static bool write_together(struct seq_file *seq, struct nsproxy *nsproxy,
                           struct user_namespace *user, struct pid_namespace *pids) {
    if (nsproxy)
        read_owners(nsproxy, &together);
    together.owners[RECORD_PID] = BPF_CORE_READ(pids, user_ns, ns.inum);
    together.parent = parent_of(pids);
    read_id(&pids->ns, together.ids[RECORD_PID]);
    together.owners[RECORD_USER] = user->parent->ns.inum;
    together.owner_uid = user->owner.val;
    read_id(&user->ns, together.ids[RECORD_USER]);
    return bpf_seq_write(seq, &together, sizeof together) == 0;
}

static bool write_namespaces(struct seq_file *seq, struct task_struct *task, struct pid *pid,
                             struct nsproxy *nsproxy, struct user_namespace *user) {
    struct upid *innermost = upid_at(pid, BPF_CORE_READ(pid, level));
    struct pid_namespace *pids = BPF_CORE_READ(innermost, ns);
    return write_together(seq, nsproxy, user, pids) &&
           write_above(seq, read_users_above((__u64)BPF_CORE_READ(task, real_cred, user_ns))) &&
           write_above(seq, read_pids_above((__u64)pids));
}

static void begin_set(unsigned int number, const struct namespaces *numbers) {
    together = (struct set_record){.start = {.kind = RECORD_SET, .size = sizeof together},
                                   .set = number};
    __builtin_memcpy(together.namespaces, numbers, sizeof together.namespaces);
}

static void read_pids(struct task_struct *task, struct pid *pid, struct task_record *record) {
    if (reader_level == 0) {
        record->tid = task->pid;
        record->tgid = task->tgid;
        record->parent = task->real_parent->tgid;
        return;
    }
    struct pid *leader =
        task->pid == task->tgid ? pid : BPF_CORE_READ(task, group_leader, thread_pid);
    struct pid *parent = BPF_CORE_READ(task, real_parent, group_leader, thread_pid);
    record->tid = nested_pid(pid, reader_level);
    record->tgid = nested_pid(leader, reader_level);
    record->parent = nested_pid(parent, reader_level);
}

static void read_nested_pids(struct pid *pid, struct task_record *record) {
    unsigned int deepest = pid->level, level = reader_level;
    for (unsigned int i = 0; i < RECORD_DEEPEST_PID && ++level <= deepest; i++) {
        record->pids[i] = BPF_CORE_READ(upid_at(pid, level), nr);
        record->nested = i + 1;
    }
}

static void read_identity(struct task_struct *task, struct task_record *record) {
    __u64 ticks = (task->start_boottime + reader_boottime_offset) / NANOSECONDS_PER_TICK;
    record->start_low = ticks;
    record->start_high = ticks >> 32;
    record->uid = task->real_cred->uid.val;
    record->euid = task->real_cred->euid.val;
    bpf_core_read(record->comm, sizeof record->comm, &task->comm);
    if (task->flags & PF_KTHREAD)
        record->flags |= RECORD_KERNEL_THREAD;
    if (task->exit_state)
        record->flags |= RECORD_ZOMBIE;
}

static bool write_task(struct seq_file *seq, struct task_record *record) {
    unsigned int nested = record->nested;
    if (nested > RECORD_DEEPEST_PID)
        nested = RECORD_DEEPEST_PID;
    record->start.size = offsetof(struct task_record, pids) + nested * sizeof *record->pids;
    return bpf_seq_write(seq, record, record->start.size) == 0;
}

/* Of a thread that shares its nsproxy with its process nothing is told. */
static bool is_told(struct task_struct *task) {
    return task->pid == task->tgid || task->nsproxy != task->group_leader->nsproxy;
}

/* A set of a task: whether an earlier one of this reading was in it, and the number that it has. */
struct telling {
    struct known_set *known;
    struct known_set now;
    bool is_told;
};

static struct telling look_up(struct bpf_iter_meta *meta, struct known_set *known) {
    struct telling telling = {
        .known = known, .now = {.session = meta->session_id, .number = meta->seq_num}};
    telling.is_told = known && known->session == meta->session_id;
    if (telling.is_told)
        telling.now.number = known->number;
    return telling;
}

/* To make an entry costs ten times what it costs to change one, and most were there in the last reading. */
static void remember(void *map, const void *key, struct telling *telling) {
    if (telling->known)
        *telling->known = telling->now;
    else
        bpf_map_update_elem(map, key, &telling->now, BPF_ANY);
}

static unsigned int innermost_inode(struct pid *pid) {
    return BPF_CORE_READ(upid_at(pid, pid->level), ns, ns.inum);
}

/*
 * `pid` and `set` are read once, for a task can lose or change either meanwhile. What they point to
 * stays in memory for as long as this runs (RCU). The processor waits for each line of a task that is
 * in no cache, and for several at once where nothing is called in between: so these pointers come
 * first. Then what takes loops, before the ways part: the verifier goes each of them to its end.
 */
static int dump(struct bpf_iter_meta *meta, struct task_struct *task, struct pid *pid) {
    struct css_set *set = task->cgroups;
    struct nsproxy *nsproxy = task->nsproxy;
    struct user_namespace *user = task->real_cred->user_ns;
    struct task_record record = {.start.kind = RECORD_TASK};
    read_identity(task, &record);
    read_pids(task, pid, &record);
    read_nested_pids(pid, &record);
    struct namespaces numbers = {};
    nsproxy = read_nsproxy(task, nsproxy, numbers.inodes, &record.flags);
    numbers.inodes[RECORD_USER] = user->ns.inum;
    numbers.inodes[RECORD_PID] = innermost_inode(pid);
    __u64 key = (__u64)set;
    struct telling cgroups = look_up(meta, bpf_map_lookup_elem(&known_sets, &key));
    if (!cgroups.is_told && !write_set(meta->seq, cgroups.now.number, set))
        return 0;
    struct telling namespaces = look_up(meta, bpf_map_lookup_elem(&known_namespaces, &numbers));
    begin_set(namespaces.now.number, &numbers);
    if (!namespaces.is_told && !write_namespaces(meta->seq, task, pid, nsproxy, user))
        return 0;
    record.set = cgroups.now.number;
    record.namespaces = namespaces.now.number;
    if (!write_task(meta->seq, &record))
        return 0;
    if (!cgroups.is_told)
        remember(&known_sets, &key, &cgroups);
    if (!namespaces.is_told)
        remember(&known_namespaces, &numbers, &namespaces);
    return 0;
}

SEC("iter/task")
int dump_task(struct bpf_iter__task *context) {
    struct bpf_iter_meta *meta = context->meta;
    struct task_struct *task = context->task;
    if (!task)
        return 0;
    if (meta->seq_num == 0) {
        find_out_reader();
        if (!write_header(meta->seq))
            return 0;
    }
    struct pid *pid = task->thread_pid;
    return pid && is_told(task) ? dump(meta, task, pid) : 0;
}
