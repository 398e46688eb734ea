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
enum { NANOSECONDS_PER_SECOND = 1000000000, NANOSECONDS_PER_TICK = 10000000 };

/* Which of the kernel's sets of cgroups this reading has told of already, under which number. */
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
 * What was read is true if the task has the same nsproxy afterwards: it could have changed it, and
 * another task got the memory. One that ends lets go of it before it becomes a zombie.
 */
static void read_nsproxy(struct task_struct *task, struct task_record *record) {
    for (int i = 0; i < MOST_TRIES; i++) {
        struct nsproxy *nsproxy = task->nsproxy;
        read_inodes(nsproxy, record->namespaces);
        barrier();
        if (task->nsproxy != nsproxy)
            continue;
        if (!nsproxy)
            record->flags |= RECORD_ZOMBIE;
        return;
    }
    __builtin_memset(record->namespaces, 0, sizeof record->namespaces);
}

static void read_namespaces(struct task_struct *task, struct pid *pid, struct task_record *record) {
    read_nsproxy(task, record);
    record->namespaces[RECORD_USER] = task->real_cred->user_ns->ns.inum;
    record->namespaces[RECORD_PID] = BPF_CORE_READ(upid_at(pid, pid->level), ns, ns.inum);
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

/*
 * `pid` and `set` are read once, for a task can lose or change either meanwhile. What they point to
 * stays in memory for as long as this runs (RCU).
 */
static int dump(struct bpf_iter_meta *meta, struct task_struct *task, struct pid *pid) {
    struct css_set *set = task->cgroups;
    __u64 key = (__u64)set;
    struct known_set *known = bpf_map_lookup_elem(&known_sets, &key);
    struct known_set told = {.session = meta->session_id, .number = meta->seq_num};
    bool is_known = known && known->session == told.session;
    if (is_known)
        told.number = known->number;
    else if (!write_set(meta->seq, told.number, set))
        return 0;
    struct task_record record = {.start.kind = RECORD_TASK, .set = told.number};
    read_pids(task, pid, &record);
    read_identity(task, &record);
    read_namespaces(task, pid, &record);
    read_nested_pids(pid, &record);
    if (write_task(meta->seq, &record) && !is_known)
        bpf_map_update_elem(&known_sets, &key, &told, BPF_ANY);
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
