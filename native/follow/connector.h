/* The kernel's process events: the netlink connector's group CN_IDX_PROC (drivers/connector/cn_proc.c). */
#pragma once
#include "window.h"
#include <stdbool.h>

/*
 * A socket on which each fork, execve, end and change of name or uid of a process (not of a thread) is
 * told, or -1 with errno. The kernel tells who is in its first user, pid and network namespaces, and has
 * CAP_NET_ADMIN (since Linux 6.6 everybody); the rest is EPERM, ECONNREFUSED or EPROTONOSUPPORT.
 */
int connector_open(void);

/* Notes all that has come. False: more had come than the socket holds, and some of it is lost. */
bool connector_drain(int socket, struct window *window);
