/*
 * Watching a child. It keeps its number until it was waited for, so kill(2) and waitid(2) by number
 * mean it and nobody else; only poll(2) needs a descriptor.
 */
#pragma once
#include <stdbool.h>
#include <sys/types.h>

/*
 * A descriptor that is readable when the child has ended: its pidfd; on a kernel without (before
 * Linux 5.3), a signalfd for SIGCHLD, which is blocked then (signals.h). -1 with errno.
 */
int process_watch(pid_t child);

/* Whether it was this child that made it readable; then it stays so. */
bool process_has_ended(int watch, pid_t child);
