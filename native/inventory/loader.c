/*
 * Loads the task iterator into the kernel and hands over what it is read by, a descriptor of its
 * link, on the socket that it inherited as descriptor 3. Nothing is pinned: program and maps live
 * as long as that descriptor, so they end with the helper, however it ends.
 *
 * What went wrong is one status event on standard output, as of the launcher.
 */
#include "../failure.h"
#include "../status.h"
#include "object.h"
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HELPER_SOCKET = 3 };

static const char types_of_the_kernel[] = "/sys/kernel/btf/vmlinux";

static bool load_failed(struct failure *failure, const char *stage) {
    failed(failure, stage, "bpf", NULL);
    if (errno == EPERM)
        return failed_hint(failure, "it takes root: CAP_BPF and CAP_PERFMON in the first user "
                                    "namespace, and a kernel that is not locked down");
    if (access(types_of_the_kernel, R_OK) < 0)
        return failed_because(failure, errno, stage, "access", types_of_the_kernel,
                              "it takes a kernel with BTF (CONFIG_DEBUG_INFO_BTF)");
    return failed_hint(failure, "it takes Linux 5.8");
}

/* libbpf reports by errno, and NULL. */
static struct bpf_link *load(struct failure *failure) {
    struct bpf_object *object =
        bpf_object__open_mem(object_begin, (size_t)(object_end - object_begin), NULL);
    if (!object) {
        failed(failure, "open", "bpf_object__open_mem", NULL);
        return NULL;
    }
    if (bpf_object__load(object) < 0) {
        load_failed(failure, "load");
        return NULL;
    }
    struct bpf_program *program = bpf_object__next_program(object, NULL);
    struct bpf_link *link = bpf_program__attach_iter(program, NULL);
    if (!link)
        load_failed(failure, "attach");
    return link;
}

static bool send_descriptor(int descriptor, struct failure *failure) {
    union {
        char bytes[CMSG_SPACE(sizeof descriptor)];
        struct cmsghdr align;
    } control = {.align = {.cmsg_level = SOL_SOCKET,
                           .cmsg_type = SCM_RIGHTS,
                           .cmsg_len = CMSG_LEN(sizeof descriptor)}};
    memcpy(control.bytes + CMSG_LEN(0), &descriptor, sizeof descriptor);
    struct iovec byte = {.iov_base = "", .iov_len = 1};
    struct msghdr message = {.msg_iov = &byte,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    if (sendmsg(HELPER_SOCKET, &message, MSG_NOSIGNAL) == 1)
        return true;
    failed(failure, "hand over", "sendmsg", NULL);
    return failed_hint(failure, "descriptor 3 must be a socket: the helper starts this program");
}

static int say_nothing(enum libbpf_print_level level, const char *format, va_list arguments) {
    (void)level, (void)format, (void)arguments;
    return 0;
}

int main(void) {
    struct failure failure = {0};
    libbpf_set_print(say_nothing);
    struct bpf_link *link = load(&failure);
    if (link && send_descriptor(bpf_link__fd(link), &failure))
        return 0;
    status_failure(STDOUT_FILENO, &failure);
    return EXIT_LAUNCHER_FAILED;
}
