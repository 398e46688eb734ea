/* The way into namespaces that exist already. */
#pragma once
#include "confinement.h"
#include "entered.h"
#include "options.h"
#include "session.h"

/*
 * Joins cgroups and namespaces and starts, as a child of the monitor, the process that is in them.
 * Lives in a process of its own, which then exits. placed: see clone.h.
 */
_Noreturn void join_target(const struct options *options, bool placed, struct entry *entry,
                           int monitor);

/*
 * The same for a new sandbox: joins the namespaces that it shares with somebody, and starts in them
 * its init, with those that flags make. cgroup: see clone.h.
 */
_Noreturn void join_shared(struct options *options, uint64_t flags, int cgroup, int monitor,
                           char **argv);

/*
 * Waits for the joiner's word and its end: session gets pid and pidfd of the process that it
 * started. Where this fails nobody of them is left.
 */
bool join_await(struct session *session, pid_t joiner, struct failure *failure);
