/* Typed messages on SOCK_SEQPACKET sockets: monitor <-> init, monitor <-> attach. */
#pragma once
#include "failure.h"
#include "following.h"
#include "namespaces.h"
#include "processes.h"
#include <stddef.h>
#include <stdint.h>

enum message_kind {
    MESSAGE_MOUNT = 1, /* monitor -> init: one id-mapped mount; number: its place in the list */
    MESSAGE_GO,        /* monitor -> init: id maps are in place (+ the mount namespace to join) */
    MESSAGE_PREPARED,  /* init -> monitor: everything but the command is ready (+ pty master) */
    MESSAGE_ENTERED,   /* joiner -> monitor: number: the pid of the process that entered */
    MESSAGE_START,     /* monitor -> init, attach -> monitor (+ stdin, stdout, stderr) */
    MESSAGE_STARTED,   /* init -> monitor: the command has been executed */
    MESSAGE_SIGNAL,    /* attach -> monitor -> init: number: the signal for the command */
    MESSAGE_PROCESS,   /* init -> monitor: process: one of several has changed */
    MESSAGE_EXITED,    /* init -> monitor -> attach: number: exit code, signal */
    MESSAGE_FAILED,    /* anybody: failure */
    MESSAGE_TERMINAL,  /* monitor -> attach: the session has a terminal (+ pty master) */
    MESSAGE_STDIO,     /* monitor -> attach: the session wants three descriptors */
};

/*
 * Three are used; the fourth fills CMSG_SPACE's padding, into which the kernel would deliver one
 * more descriptor than was meant (scm_max_fds counts bytes, not what CMSG_LEN asked for).
 */
enum { MESSAGE_DESCRIPTORS = 4 };

struct message {
    uint32_t kind;
    int32_t number;
    int32_t signal;
    uint64_t namespaces[NAMESPACE_COUNT];
    struct following following; /* of who was prepared */
    struct process_state process;
    struct failure failure;
};

/* Sends one message with `count` descriptors. False with errno; EPIPE where the peer is gone. */
bool message_send(int socket, const struct message *message, const int *descriptors, size_t count);

/* Tells the peer of a failure and exits. */
_Noreturn void message_give_up(int socket, const struct failure *failure, int code);

/* A message of a kind only. */
bool message_send_kind(int socket, enum message_kind kind);

/*
 * Receives one message. descriptors has room for MESSAGE_DESCRIPTORS; missing ones are -1.
 * False with errno: ECONNRESET at end of file, EPROTO for anything but a whole message.
 */
bool message_receive(int socket, struct message *message, int *descriptors);

/* Closes what message_receive delivered. */
void message_close(int *descriptors);
