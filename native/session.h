/*
 * The monitor's side of a session, the same for run and enter: wait until the inside is prepared,
 * find a client, start the command, pass signals on, learn how it ended.
 */
#pragma once
#include "following.h"
#include "listener.h"
#include "options.h"
#include "processes.h"
#include "status.h"

struct session {
    const struct options *options;
    struct listener listener;
    int signals; /* signalfd */
    int inside;  /* socket to init, or to the process that entered; -1 once it is closed */
    int process; /* readable when it has ended (process.h) */
    int client;  /* socket to attach, -1 before and after */
    int timer;   /* timerfd of --timeout, or -1 */
    int partner; /* pidfd of --die-with, or -1 */
    int master;  /* the pty's, until it was handed over */
    pid_t pid;
    struct following following;      /* what whoever entered could not take over */
    struct process_state *processes; /* of those in options->processes; NULL: none */
    int state_directory; /* where their states are written down, or -1; not ours to close */
    int children;        /* lists our children where nobody else ends them, or -1 */
    pid_t own_client;    /* our own attach process where nobody else attaches; 0: none */
    bool refused;        /* the command could not be executed: reported already */
    bool direct;         /* no init in between: signals go to the process itself */
    bool started;
    bool timed_out;
};

/* A session with nothing open yet: session_close may follow at any time. */
struct session session_new(const struct options *options);

/* Blocks signals and opens the listening socket. */
bool session_open(struct session *session, struct failure *failure);

/* Where the sandbox has no pid namespace of its own, makes us the one who ends what it leaves. */
bool session_share(struct session *session, struct failure *failure);

/*
 * Waits for a word from inside. Who enters meets what is the target's: a cgroup that is frozen, a
 * file system that is a program's and need never answer (FUSE). So that ends after a while.
 */
bool session_await_inside(struct session *session, const char *stage, struct failure *failure);

/* Waits for "prepared"; namespaces gets the inode numbers that it brought. */
bool session_await_prepared(struct session *session, uint64_t *namespaces, struct failure *failure);

/* Waits for the creator's byte on --sync-fd, and for a client; then starts the command. */
bool session_start(struct session *session, struct failure *failure);

/* Until the process has ended. A failing exec is reported, and is an ending with 126 or 127. */
struct ending session_supervise(struct session *session);

/* Passes a signal to the command: by init, or to the command itself where it is PID 1. */
void session_signal(struct session *session, int number);

/* Kills everything in the session, a paused one too; session_supervise learns of the end. */
void session_kill(struct session *session);

/* Tells status descriptor, client or stderr of a failure. */
void session_report(struct session *session, const struct failure *failure);

/* Kills what still runs, passes the ending on, closes everything, waits for the own client. */
void session_close(struct session *session, struct ending ending);
