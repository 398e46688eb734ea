/* How the kernel schedules a process, its CPU time and its I/O. Process 0: the caller. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* struct sched_attr in its first size (sched_setattr(2)), which older C libraries lack. */
struct schedule {
    uint32_t size;
    uint32_t policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
};

/* False with errno, all of them. */
bool schedule_read(pid_t process, struct schedule *schedule);
bool schedule_apply(const struct schedule *schedule);

/* Class and level as one number (ioprio_set(2)). */
bool schedule_read_io(pid_t process, int64_t *priority);
bool schedule_apply_io(int64_t priority);
