/*
 * The world outside that an attacker would like to reach: a process with a
 * secret in its memory, services, shared memory, a key, a word on the loopback.
 * Prints NAME=VALUE lines, one for each, then an empty one; it ends, and
 * removes all of it, with its standard input.
 *
 *     outside SECRET_FILE SERVICE_SOCKET HIDDEN_SOCKET EDITOR_SOCKET
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

enum { WORD_INTERVAL_MS = 20, BACKLOG = 16 };

static char secret[] = "secret!";
static char name[64];

static int listen_unix(const char *path, socklen_t length) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    if (path[0] == '@')
        address.sun_path[0] = '\0';
    length += (socklen_t)offsetof(struct sockaddr_un, sun_path);
    int stream = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(stream, (struct sockaddr *)&address, length) < 0 || listen(stream, BACKLOG) < 0)
        return perror(path), -1;
    return stream;
}

static int listen_loopback(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int stream = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bind(stream, (struct sockaddr *)&address, length);
    listen(stream, BACKLOG);
    getsockname(stream, (struct sockaddr *)&address, &length);
    printf("PORT=%d\n", ntohs(address.sin_port));
    return stream;
}

static void print_handle(const char *path) {
    struct {
        struct file_handle head;
        unsigned char bytes[MAX_HANDLE_SZ];
    } handle = {.head.handle_bytes = MAX_HANDLE_SZ};
    int mount;
    name_to_handle_at(AT_FDCWD, path, &handle.head, &mount, 0);
    printf("HANDLE=%d:", handle.head.handle_type);
    for (unsigned i = 0; i < handle.head.handle_bytes; i++)
        printf("%02x", handle.bytes[i]);
    puts("");
}

/* Root's service: whoever is not the host's root gets no answer. */
static void answer(int service) {
    struct ucred peer = {0};
    socklen_t length = sizeof peer;
    int client = accept4(service, NULL, NULL, SOCK_CLOEXEC);
    if (getsockopt(client, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 && peer.uid == 0)
        send(client, "r", 1, MSG_NOSIGNAL);
    close(client);
}

static void say_word(int loopback) {
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(9), /* discard */
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    sendto(loopback, name, strlen(name), 0, (struct sockaddr *)&address, sizeof address);
}

static void serve(int service) {
    int loopback = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct pollfd wait[] = {{.fd = 0, .events = POLLIN}, {.fd = service, .events = POLLIN}};
    for (;;) {
        int ready = poll(wait, 2, WORD_INTERVAL_MS);
        if (ready > 0 && wait[0].revents)
            return;
        if (ready > 0 && wait[1].revents)
            answer(service);
        say_word(loopback);
    }
}

int main(int count, char **paths) {
    if (count != 5)
        return 1;
    umask(0);
    snprintf(name, sizeof name, "@terrarium-escape-%d", getpid());
    listen_unix(name, (socklen_t)strlen(name));
    int service = listen_unix(paths[2], sizeof((struct sockaddr_un *)0)->sun_path);
    listen_unix(paths[3], sizeof((struct sockaddr_un *)0)->sun_path);
    umask(077);
    listen_unix(paths[4], sizeof((struct sockaddr_un *)0)->sun_path);
    listen_loopback();
    print_handle(paths[1]);
    int segment = shmget(getpid(), sizeof secret, IPC_CREAT | IPC_EXCL | 0600);
    char queue[sizeof name + 1];
    snprintf(queue, sizeof queue, "/%s", name + 1);
    mq_open(queue, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600, NULL);
    long key = syscall(SYS_add_key, "user", name, secret, sizeof secret, KEY_SPEC_USER_KEYRING);
    printf("NEIGHBOUR=%d\nADDRESS=%p\nABSTRACT_SOCKET=%s\nSERVICE=%s\nHIDDEN_SOCKET=%s\nVSCODE_IPC_"
           "HOOK_CLI=%s\n"
           "SHARED_MEMORY=%d\nQUEUE=%s\nKEY=%s\nWORD=%s\n\n",
           getpid(), (void *)secret, name, paths[2], paths[3], paths[4], getpid(), queue, name,
           name);
    fflush(stdout);
    serve(service);
    shmctl(segment, IPC_RMID, NULL);
    mq_unlink(queue);
    syscall(SYS_keyctl, KEYCTL_UNLINK, key, KEY_SPEC_USER_KEYRING);
    return 0;
}
