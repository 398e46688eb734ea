#include "message.h"
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The union aligns the buffer for struct cmsghdr (cmsg(3)). */
union control {
    char bytes[CMSG_SPACE(sizeof(int) * MESSAGE_DESCRIPTORS)];
    struct cmsghdr align;
};

/* A failure is most of a message, and most messages have none: only these carry theirs. */
static size_t size_of(uint32_t kind) {
    return kind == MESSAGE_FAILED ? sizeof(struct message) : offsetof(struct message, failure);
}

bool message_send(int socket, const struct message *message, const int *descriptors, size_t count) {
    union control control = {0};
    struct iovec part = {.iov_base = (void *)message, .iov_len = size_of(message->kind)};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
    if (count > 0) {
        header.msg_control = control.bytes;
        header.msg_controllen = CMSG_SPACE(sizeof(int) * count);
        control.align = (struct cmsghdr){.cmsg_level = SOL_SOCKET,
                                         .cmsg_type = SCM_RIGHTS,
                                         .cmsg_len = CMSG_LEN(sizeof(int) * count)};
        memcpy(control.bytes + CMSG_LEN(0), descriptors, sizeof(int) * count);
    }
    ssize_t sent;
    do
        sent = sendmsg(socket, &header, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent == (ssize_t)part.iov_len;
}

_Noreturn void message_give_up(int socket, const struct failure *failure, int code) {
    struct message message = {.kind = MESSAGE_FAILED, .failure = *failure};
    message_send(socket, &message, NULL, 0);
    _exit(code);
}

bool message_send_kind(int socket, enum message_kind kind) {
    struct message message = {.kind = kind};
    return message_send(socket, &message, NULL, 0);
}

static void take_descriptors(struct msghdr *header, int *descriptors) {
    for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        memcpy(descriptors, CMSG_DATA(c), c->cmsg_len - CMSG_LEN(0));
    }
}

static bool reject(int *descriptors, int error) {
    message_close(descriptors);
    errno = error;
    return false;
}

/* Strings from another process end where the array ends, whatever it sent. */
static void terminate_strings(struct failure *failure) {
    failure->stage[sizeof failure->stage - 1] = '\0';
    failure->call[sizeof failure->call - 1] = '\0';
    failure->path[sizeof failure->path - 1] = '\0';
    failure->hint[sizeof failure->hint - 1] = '\0';
}

bool message_receive(int socket, struct message *message, int *descriptors) {
    union control control = {0};
    struct iovec part = {.iov_base = message, .iov_len = sizeof *message};
    struct msghdr header = {.msg_iov = &part,
                            .msg_iovlen = 1,
                            .msg_control = control.bytes,
                            .msg_controllen = sizeof control.bytes};
    for (int i = 0; i < MESSAGE_DESCRIPTORS; i++)
        descriptors[i] = -1;
    ssize_t length;
    do
        length = recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
    while (length < 0 && errno == EINTR);
    if (length < 0)
        return false;
    take_descriptors(&header, descriptors);
    if (length == 0)
        return reject(descriptors, ECONNRESET);
    if (length < (ssize_t)sizeof message->kind || (size_t)length != size_of(message->kind) ||
        (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
        return reject(descriptors, EPROTO);
    if (message->kind == MESSAGE_FAILED)
        terminate_strings(&message->failure);
    return true;
}

void message_close(int *descriptors) {
    for (int i = 0; i < MESSAGE_DESCRIPTORS; i++) {
        if (descriptors[i] >= 0)
            close(descriptors[i]);
        descriptors[i] = -1;
    }
}
