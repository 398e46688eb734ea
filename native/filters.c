#include "filters.h"
#include "clone.h"
#include "privileges.h"
#include <errno.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    STOP_TRIES = 100, /* a process that sleeps uninterruptibly, or is frozen, does not stop */
    STOP_TRY_MS = 2,
};

/*
 * Filters are read of a stopped process only (ptrace(2)). It stops as for a signal that it ignores,
 * for less than a millisecond. All this happens in a process of its own: whatever becomes of that
 * one, the kernel detaches it and lets the target run again.
 */
static int await_stop(pid_t target, int *signal) {
    for (int try = 0; try < STOP_TRIES; try++) {
        int status;
        pid_t waited = waitpid(target, &status, __WALL | WNOHANG);
        if (waited < 0 || (waited > 0 && !WIFSTOPPED(status)))
            return ESRCH;
        if (waited > 0) {
            /* Stopped by a signal of somebody else's instead: that one is passed on. */
            *signal = status >> 16 == PTRACE_EVENT_STOP ? 0 : WSTOPSIG(status);
            return 0;
        }
        nanosleep(&(struct timespec){.tv_nsec = STOP_TRY_MS * 1000 * 1000}, NULL);
    }
    return ETIMEDOUT;
}

/* By index 0 the kernel means the oldest, whatever ptrace(2) says (get_nth_filter). */
static int read_filters(pid_t target, struct filters *filters) {
    size_t used = 0;
    for (uint32_t i = 0;; i++) {
        long length = ptrace(PTRACE_SECCOMP_GET_FILTER, target, (void *)(uintptr_t)i, NULL);
        if (length < 0)
            return errno == ENOENT ? 0 : errno;
        if (i == FILTERS_MAX || used + (size_t)length > INSTRUCTIONS_MAX)
            return E2BIG;
        if (ptrace(PTRACE_SECCOMP_GET_FILTER, target, (void *)(uintptr_t)i,
                   filters->instructions + used) != length)
            return EPROTO;
        filters->lengths[i] = (uint32_t)length;
        filters->count = i + 1;
        used += (size_t)length;
    }
}

static int trace(const struct target *target, struct filters *filters) {
    struct failure ignored;
    int signal = 0;
    if (ptrace(PTRACE_SEIZE, target->pid, NULL, NULL) < 0)
        return errno;
    /* It lives, so that the number that was traced is its own. */
    if (!target_alive(target, &ignored))
        return ESRCH;
    if (ptrace(PTRACE_INTERRUPT, target->pid, NULL, NULL) < 0)
        return errno;
    int error = await_stop(target->pid, &signal);
    if (error)
        return error;
    error = read_filters(target->pid, filters);
    ptrace(PTRACE_DETACH, target->pid, NULL, (void *)(uintptr_t)signal);
    return error;
}

static _Noreturn void copier_main(const struct target *target, struct filters *filters) {
    struct failure failure;
    bool safe = privileges_die_with_parent(&failure);
    _exit(safe ? trace(target, filters) : failure.error);
}

static int run_copier(const struct target *target, struct filters *filters) {
    bool placed;
    int status;
    pid_t copier = clone_process(0, -1, &placed);
    if (copier == 0)
        copier_main(target, filters);
    if (copier < 0)
        return errno;
    while (waitpid(copier, &status, 0) < 0)
        if (errno != EINTR)
            return errno;
    return WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
}

struct filters *filters_copy(const struct target *target) {
    struct filters *filters =
        mmap(NULL, sizeof *filters, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (filters == MAP_FAILED)
        return NULL;
    int error = run_copier(target, filters);
    if (!error && filters->count > 0)
        return filters;
    filters_free(filters);
    errno = error ? error : ENODATA;
    return NULL;
}

void filters_free(struct filters *filters) {
    if (filters)
        munmap(filters, sizeof *filters);
}

bool filters_install(const struct filters *filters, struct failure *failure) {
    const struct sock_filter *next = filters->instructions;
    for (uint32_t i = 0; i < filters->count; i++) {
        struct sock_fprog program = {(unsigned short)filters->lengths[i],
                                     (struct sock_filter *)next};
        if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0)
            return failed(failure, "seccomp", "seccomp", "the target's filters");
        next += filters->lengths[i];
    }
    return true;
}
