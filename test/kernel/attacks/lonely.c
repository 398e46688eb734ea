/*
 * A process that has no shell beside it. `lonely NAME` waits; `lonely fuse DIRECTORY NAME` does so in a root that it
 * serves itself, by FUSE, and that answers nobody from then on. NAME is what it is found by.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static void check(bool done, const char *call) {
    if (done)
        return;
    perror(call);
    _exit(125);
}

static void answer(int device, uint64_t unique, int error, void *body, size_t size) {
    struct fuse_out_header head = {.len = sizeof head + size, .error = error, .unique = unique};
    struct iovec parts[] = {{&head, sizeof head}, {body, size}};
    check(writev(device, parts, size ? 2 : 1) > 0, "writev");
}

static void serve_one(int device, const struct fuse_in_header *request) {
    struct fuse_init_out init = {
        .major = FUSE_KERNEL_VERSION, .minor = FUSE_KERNEL_MINOR_VERSION, .max_write = 4096};
    struct fuse_attr_out attributes = {.attr = {.ino = 1, .mode = S_IFDIR | 0755, .nlink = 2}};
    switch (request->opcode) {
    case FUSE_INIT:
        answer(device, request->unique, 0, &init, sizeof init);
        break;
    case FUSE_GETATTR:
        answer(device, request->unique, 0, &attributes, sizeof attributes);
        break;
    case FUSE_ACCESS:
        answer(device, request->unique, 0, NULL, 0);
        break;
    default:
        answer(device, request->unique, -ENOENT, NULL, 0);
    }
}

static volatile bool is_silent;

static void *serve(void *argument) {
    static char buffer[FUSE_MIN_READ_BUFFER + 4096];
    int device = *(int *)argument;
    while (!is_silent && read(device, buffer, sizeof buffer) > 0)
        if (!is_silent)
            serve_one(device, (struct fuse_in_header *)buffer);
    for (;;)
        pause();
}

static void live_in_fuse(const char *directory) {
    static int device;
    char options[128];
    pthread_t server;
    device = open("/dev/fuse", O_RDWR);
    check(device >= 0, "open");
    check(unshare(CLONE_NEWNS) == 0, "unshare");
    check(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0, "mount private");
    snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other",
             device);
    check(mount("lonely", directory, "fuse", 0, options) == 0, "mount");
    check(pthread_create(&server, NULL, serve, &device) == 0, "pthread_create");
    check(chdir(directory) == 0 && chroot(".") == 0, "chroot");
    is_silent = true;
}

int main(int argc, char **argv) {
    if (argc > 2 && strcmp(argv[1], "fuse") == 0)
        live_in_fuse(argv[2]);
    prctl(PR_SET_NAME, "lonely");
    for (;;)
        pause();
}
