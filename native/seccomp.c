#include "seccomp.h"
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined __x86_64__
#include "policy/x86_64.h"
#elif defined __aarch64__
#include "policy/aarch64.h"
#else
#error "seccomp: no filter was compiled for this architecture"
#endif

#define PROGRAM(lines)                                                                             \
    { sizeof(lines) / sizeof *(lines), (struct sock_filter *)(lines) }

bool seccomp_install(struct failure *failure) {
    static const struct sock_fprog programs[] = {PROGRAM(arguments), PROGRAM(calls)};
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++)
        if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &programs[i]) < 0)
            return failed(failure, "seccomp", "seccomp", NULL);
    return true;
}
