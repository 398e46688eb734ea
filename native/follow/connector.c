#include "connector.h"
#include "../cleanup.h"
#include <arpa/inet.h>
#include <errno.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* An event takes some 800 bytes of it: this many may come between two looks. */
enum { RECEIVE_BYTES = 8 * 1024 * 1024 };
/* The kernel answers before send(2) returns; to who is not told it says nothing. */
enum { ANSWER_MS = 100 };

/* Where an event lies in its packet. */
enum {
    EVENT = NLMSG_HDRLEN + sizeof(struct cn_msg),
    WHAT = EVENT + offsetof(struct proc_event, what),
    PROCESS = EVENT + offsetof(struct proc_event, event_data),
    CHILD = PROCESS + offsetof(struct fork_proc_event, child_pid),
    NEXT = sizeof(__kernel_pid_t),
};

struct packet {
    struct nlmsghdr header;
    struct cn_msg message;
    struct proc_event event;
} __attribute__((packed));

/* What is sent: the same with a word in the event's place. */
struct wish {
    struct nlmsghdr header;
    struct cn_msg message;
    enum proc_cn_mcast_op operation;
} __attribute__((packed));

#define LOAD(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset)
#define KEEP_LOADED BPF_STMT(BPF_MISC | BPF_TAX, 0)
/* A packet's words are loaded as the network's, big-endian. */
#define IF_EQUAL(value, skipped) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(value), skipped, 0)
#define UNLESS_KEPT(skipped) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_X, 0, 0, skipped)
#define SKIP(skipped) BPF_STMT(BPF_JMP | BPF_JA, skipped)
#define TAKE BPF_STMT(BPF_RET | BPF_K, UINT32_MAX)
#define DROP BPF_STMT(BPF_RET | BPF_K, 0)

/* Threads come and go far more often than processes: what concerns them alone wakes nobody. */
static bool attach_filter(int socket) {
    struct sock_filter program[] = {
        LOAD(WHAT),
        IF_EQUAL(PROC_EVENT_NONE, 9),
        IF_EQUAL(PROC_EVENT_FORK, 4),
        LOAD(PROCESS),
        KEEP_LOADED,
        LOAD(PROCESS + NEXT),
        SKIP(3),
        LOAD(CHILD),
        KEEP_LOADED,
        LOAD(CHILD + NEXT),
        UNLESS_KEPT(1),
        TAKE,
        DROP,
    };
    struct sock_fprog filter = {.len = sizeof program / sizeof *program, .filter = program};
    return setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) == 0;
}

static bool ask(int socket) {
    const struct wish wish = {
        .header = {.nlmsg_len = sizeof wish, .nlmsg_type = NLMSG_DONE},
        .message = {.id = {.idx = CN_IDX_PROC, .val = CN_VAL_PROC},
                    .len = sizeof wish.operation},
        .operation = PROC_CN_MCAST_LISTEN,
    };
    return send(socket, &wish, sizeof wish, 0) == (ssize_t)sizeof wish;
}

/* One packet of the kernel's own; 0 when none is there, -1 with errno. */
static int receive(int socket, struct packet *packet) {
    struct sockaddr_nl sender;
    socklen_t length = sizeof sender;
    for (;;) {
        ssize_t size = recvfrom(socket, packet, sizeof *packet, MSG_TRUNC,
                                (struct sockaddr *)&sender, &length);
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0)
            return errno == EAGAIN ? 0 : -1;
        if (sender.nl_pid == 0 && size >= (ssize_t)sizeof *packet)
            return 1;
    }
}

/* Events that come before the answer are of a time of which nobody has been told that it is watched. */
static bool is_answered(int socket) {
    struct pollfd answer = {.fd = socket, .events = POLLIN};
    struct packet packet;
    while (poll(&answer, 1, ANSWER_MS) > 0) {
        if (receive(socket, &packet) < 0 && errno != ENOBUFS)
            return false;
        if (packet.event.what != PROC_EVENT_NONE)
            continue;
        errno = (int)packet.event.event_data.ack.err;
        return errno == 0;
    }
    errno = EPERM;
    return false;
}

int connector_open(void) {
    const struct sockaddr_nl group = {.nl_family = AF_NETLINK, .nl_groups = CN_IDX_PROC};
    const int bytes = RECEIVE_BYTES;
    cleanup_fd int opened =
        socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_CONNECTOR);
    if (opened < 0 || !attach_filter(opened))
        return -1;
    if (setsockopt(opened, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) < 0)
        setsockopt(opened, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    if (bind(opened, (const struct sockaddr *)&group, sizeof group) < 0)
        return -1;
    if (!ask(opened) || !is_answered(opened))
        return -1;
    return take_fd(&opened);
}

static void note(struct proc_event event, struct window *window) {
    if (event.what == PROC_EVENT_FORK)
        window_born(window, event.event_data.fork.child_pid);
    else if (event.what == PROC_EVENT_EXIT)
        window_ended(window, event.event_data.exit.process_pid);
    else if (event.what != PROC_EVENT_NONE)
        window_changed(window, event.event_data.exec.process_pid);
}

bool connector_drain(int socket, struct window *window) {
    struct packet packet;
    bool whole = true;
    for (;;) {
        int received = receive(socket, &packet);
        if (received == 0)
            return whole;
        if (received > 0)
            note(packet.event, window);
        else if (errno == ENOBUFS)
            whole = false;
        else
            return false;
    }
}
