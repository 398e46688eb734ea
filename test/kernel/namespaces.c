/*
 * A host full of namespaces. The first argument is how many there are of each type with a process in them; beside
 * those there are nested ones, and of each kind that no process is in: held by a descriptor, by a thread, for children
 * to come, by a namespace below, by a socket. Says of the latter where they are, a line for each (KIND TYPE INODE PID), then "ready". Ends
 * with its standard output.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

static const struct type {
    const char *name;
    int flag;
    /* Only children are in it. */
    int of_children;
} types[] = {
    {"mnt", CLONE_NEWNS, 0}, {"net", CLONE_NEWNET, 0},       {"user", CLONE_NEWUSER, 0}, {"uts", CLONE_NEWUTS, 0},
    {"ipc", CLONE_NEWIPC, 0}, {"cgroup", CLONE_NEWCGROUP, 0}, {"pid", CLONE_NEWPID, 1},   {"time", CLONE_NEWTIME, 1},
};
enum { type_count = sizeof types / sizeof *types };

static void must(int done, const char *what) {
    if (done)
        return;
    perror(what);
    _exit(125);
}

static void say(const char *kind, const char *type, pid_t pid, const char *path) {
    struct stat file;
    must(stat(path, &file) == 0, path);
    printf("%s %s %lu %d\n", kind, type, (unsigned long)file.st_ino, pid);
}

/* A child that lives as long as we do. It says by the pipe that it is where it should be, and who is in there. */
static pid_t begin(int *told) {
    int ends[2];
    must(pipe(ends) == 0, "pipe");
    fflush(stdout);
    pid_t child = fork();
    must(child >= 0, "fork");
    if (child == 0)
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    *told = ends[child == 0 ? 1 : 0];
    close(ends[child == 0 ? 0 : 1]);
    /* What we hold, it does not. */
    for (int fd = 3; child == 0 && fd < 64; fd++)
        if (fd != *told)
            close(fd);
    return child;
}

static pid_t heard(int told) {
    pid_t member = 0;
    must(read(told, &member, sizeof member) == sizeof member, "a child");
    close(told);
    return member;
}

/* As long as somebody reads what we say. */
static _Noreturn void wait_for_reader(void) {
    struct pollfd reader = {.fd = STDOUT_FILENO};
    poll(&reader, 1, -1);
    _exit(0);
}

static _Noreturn void live(int told, pid_t member) {
    must(write(told, &member, sizeof member) == sizeof member, "write");
    wait_for_reader();
}

static pid_t fork_sleeper(void) {
    pid_t child = fork();
    must(child >= 0, "fork");
    if (child > 0)
        return child;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    wait_for_reader();
}

/* Answers who is in it: a child of ours, or its child. */
static pid_t isolate(const struct type *type, pid_t *child) {
    int told;
    *child = begin(&told);
    if (*child > 0)
        return heard(told);
    must(unshare(type->flag) == 0, type->name);
    live(told, type->of_children ? fork_sleeper() : getpid());
}

static void put(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    must(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text), path);
    close(fd);
}

/* Of a new user namespace, whose ids are ours. */
static void enter_user_namespace(void) {
    must(unshare(CLONE_NEWUSER) == 0, "user");
    put("/proc/self/setgroups", "deny");
    put("/proc/self/uid_map", "0 0 1");
    put("/proc/self/gid_map", "0 0 1");
}

/* A user and a pid namespace in one of each, and so on. */
static _Noreturn void nest(int depth, int told) {
    if (depth == 0)
        live(told, getpid());
    enter_user_namespace();
    must(unshare(CLONE_NEWPID) == 0, "pid");
    pid_t child = fork();
    must(child >= 0, "fork");
    if (child > 0)
        wait_for_reader();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    nest(depth - 1, told);
}

static void hold_by_descriptor(const struct type *type) {
    char path[64];
    pid_t child;
    pid_t member = isolate(type, &child);
    snprintf(path, sizeof path, "/proc/%d/ns/%s", member, type->name);
    must(open(path, O_RDONLY | O_CLOEXEC) >= 0, path);
    say("descriptor", type->name, getpid(), path);
    if (member != child)
        kill(member, SIGKILL);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

static int in_place[2];

static void *leave(void *argument) {
    const struct type *type = argument;
    must(unshare(type->flag) == 0, type->name);
    char path[64];
    snprintf(path, sizeof path, "/proc/self/task/%d/ns/%s", gettid(), type->name);
    say("thread", type->name, getpid(), path);
    fflush(stdout);
    must(write(in_place[1], "", 1) == 1, "write");
    for (;;)
        pause();
    return NULL;
}

static void hold_by_thread(const struct type *type) {
    int told;
    if (begin(&told) > 0) {
        heard(told);
        return;
    }
    pthread_t thread;
    char byte;
    must(pipe(in_place) == 0, "pipe");
    must(pthread_create(&thread, NULL, leave, (void *)type) == 0, "pthread_create");
    must(read(in_place[0], &byte, 1) == 1, "read");
    live(told, getpid());
}

static void hold_for_children(const struct type *type) {
    int told;
    if (begin(&told) > 0) {
        heard(told);
        return;
    }
    must(unshare(type->flag) == 0, type->name);
    /* A pid namespace is one when it has had a first process. */
    pid_t child = fork();
    must(child >= 0, "fork");
    if (child == 0)
        _exit(0);
    waitpid(child, NULL, 0);
    char path[64];
    snprintf(path, sizeof path, "/proc/self/ns/%s_for_children", type->name);
    say("children", type->name, getpid(), path);
    fflush(stdout);
    live(told, getpid());
}

/* Who made the outer one has left. */
static void hold_by_namespace(void) {
    int told;
    pid_t outer = begin(&told);
    if (outer > 0) {
        heard(told);
        waitpid(outer, NULL, 0);
        return;
    }
    enter_user_namespace();
    say("namespace", "user", getpid(), "/proc/self/ns/user");
    fflush(stdout);
    if (fork() > 0)
        _exit(0);
    enter_user_namespace();
    live(told, getpid());
}

static void hold_by_socket(void) {
    int told;
    if (begin(&told) > 0) {
        heard(told);
        return;
    }
    int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    must(own >= 0 && unshare(CLONE_NEWNET) == 0, "net");
    must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0) >= 0, "socket");
    say("socket", "net", getpid(), "/proc/self/ns/net");
    fflush(stdout);
    must(setns(own, CLONE_NEWNET) == 0, "setns");
    close(own);
    live(told, getpid());
}

int main(int argc, char **argv) {
    int of_each = argc > 1 ? atoi(argv[1]) : 1;
    for (int round = 0; round < of_each; round++)
        for (int type = 0; type < type_count; type++)
            isolate(&types[type], &(pid_t){0});
    int told;
    if (begin(&told) == 0)
        nest(3, told);
    heard(told);
    for (int type = 0; type < type_count; type++)
        hold_by_descriptor(&types[type]);
    for (int type = 0; type < type_count; type++) {
        if (types[type].of_children)
            hold_for_children(&types[type]);
        else if (types[type].flag != CLONE_NEWUSER)
            hold_by_thread(&types[type]);
    }
    hold_by_namespace();
    hold_by_socket();
    puts("ready");
    fflush(stdout);
    wait_for_reader();
}
