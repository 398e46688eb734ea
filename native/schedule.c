#include "schedule.h"
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SCHED_DEADLINE
#define SCHED_DEADLINE 6
#endif

/* ioprio_set(2): one process, by its id. glibc and musl know neither the calls nor this. */
enum { IOPRIO_WHO_PROCESS = 1 };

bool schedule_read(pid_t process, struct schedule *schedule) {
    if (syscall(SYS_sched_getattr, process, schedule, sizeof *schedule, 0) < 0)
        return false;
    /* Since Linux 6.12 the length of a slice stands there; to set the same would pin it. */
    if (schedule->policy != SCHED_DEADLINE)
        schedule->runtime = schedule->deadline = schedule->period = 0;
    return true;
}

bool schedule_apply(const struct schedule *schedule) {
    return syscall(SYS_sched_setattr, 0, schedule, 0) == 0;
}

bool schedule_read_io(pid_t process, int64_t *priority) {
    *priority = syscall(SYS_ioprio_get, IOPRIO_WHO_PROCESS, process);
    return *priority >= 0;
}

bool schedule_apply_io(int64_t priority) {
    return syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, (int)priority) == 0;
}
