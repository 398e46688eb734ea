/*
 * The few members of the kernel's structures that the task iterator reads. They are found by name
 * in the running kernel's BTF when the program is loaded (CO-RE), so neither their offsets here nor
 * what is left out mean anything.
 */
#pragma once

#include <linux/types.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct seq_file;

struct bpf_iter_meta {
    struct seq_file *seq;
    __u64 session_id;
    __u64 seq_num;
};

struct bpf_iter__task {
    struct bpf_iter_meta *meta;
    struct task_struct *task;
};

struct list_head {
    struct list_head *next;
};

typedef struct {
    unsigned int val;
} kuid_t;

struct ns_common {
    unsigned int inum;
};

/* Linux 6.18; libbpf looks for the name before the three underscores. */
struct ns_common___with_id {
    __u64 ns_id;
};

struct user_namespace {
    struct user_namespace *parent;
    int level;
    kuid_t owner;
    struct ns_common ns;
};

struct mnt_namespace {
    struct ns_common ns;
    struct user_namespace *user_ns;
};

struct net {
    struct ns_common ns;
    struct user_namespace *user_ns;
};

struct uts_namespace {
    struct ns_common ns;
    struct user_namespace *user_ns;
};

struct ipc_namespace {
    struct ns_common ns;
    struct user_namespace *user_ns;
};

struct cgroup_namespace {
    struct ns_common ns;
    struct user_namespace *user_ns;
};

struct pid_namespace {
    unsigned int level;
    struct pid_namespace *parent;
    struct user_namespace *user_ns;
    struct ns_common ns;
};

struct timespec64 {
    __s64 tv_sec;
    long tv_nsec;
};

struct timens_offsets {
    struct timespec64 boottime;
};

struct time_namespace {
    struct ns_common ns;
    struct user_namespace *user_ns;
    struct timens_offsets offsets;
};

struct nsproxy {
    struct uts_namespace *uts_ns;
    struct ipc_namespace *ipc_ns;
    struct mnt_namespace *mnt_ns;
    struct net *net_ns;
    struct time_namespace *time_ns;
    struct cgroup_namespace *cgroup_ns;
};

struct cred {
    kuid_t uid;
    kuid_t euid;
    struct user_namespace *user_ns;
};

struct upid {
    int nr;
    struct pid_namespace *ns;
};

struct pid {
    unsigned int level;
    struct upid numbers[1];
};

struct kernfs_node {
    __u64 id;
};

struct cgroup_root {
    int hierarchy_id;
};

struct cgroup {
    struct kernfs_node *kn;
    struct cgroup_root *root;
};

struct cgrp_cset_link {
    struct cgroup *cgrp;
    struct list_head cgrp_link;
};

struct css_set {
    struct list_head cgrp_links;
};

struct task_struct {
    unsigned int flags;
    int exit_state;
    int pid;
    int tgid;
    __u64 start_boottime;
    char comm[16];
    struct task_struct *real_parent;
    struct task_struct *group_leader;
    struct pid *thread_pid;
    const struct cred *real_cred;
    struct nsproxy *nsproxy;
    struct css_set *cgroups;
};

#pragma clang attribute pop
