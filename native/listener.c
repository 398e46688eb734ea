#include "listener.h"
#include "cleanup.h"
#include "syscalls.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

/* Opens the directory of a path and finds its last component. */
static int open_directory(const char *path, const char **name) {
    cleanup_free char *directory = strdup(path);
    char *slash = directory ? strrchr(directory, '/') : NULL;
    *name = slash ? strrchr(path, '/') + 1 : path;
    if (slash)
        slash[slash == directory] = '\0';
    return open(slash ? directory : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* sun_path has 108 bytes and no *at(2) form: this reaches any directory without a longer path. */
static bool make_address(struct sockaddr_un *address, int directory, const char *name) {
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    int size = snprintf(address->sun_path, sizeof address->sun_path, "/proc/self/fd/%d/%s",
                        directory, name);
    errno = ENAMETOOLONG;
    return size < (int)sizeof address->sun_path;
}

/*
 * chown by the descriptor of the very file that was bound. By path, a user who can write to the
 * directory could swap a hard link to any socket of root's in (SIOCUNIXFILE needs CAP_NET_ADMIN,
 * which is no loss: only root has anybody to give the socket to).
 */
static bool give_away(int socket, const struct options *options) {
    if (options->owner_uid == geteuid() && options->owner_gid == getegid())
        return true;
    cleanup_fd int file = ioctl(socket, SIOCUNIXFILE);
    return file >= 0 && fchownat(file, "", (uid_t)options->owner_uid, (gid_t)options->owner_gid,
                                 AT_EMPTY_PATH) == 0;
}

bool listener_open(struct listener *listener, const struct options *options,
                   struct failure *failure) {
    const char *path = options->listen;
    struct sockaddr_un address;
    listener->directory = open_directory(path, &listener->name);
    if (listener->directory < 0)
        return failed(failure, "listen", "open", path);
    if (!make_address(&address, listener->directory, listener->name))
        return failed(failure, "listen", "bind", path);
    cleanup_fd int made = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (made < 0)
        return failed(failure, "listen", "socket", path);
    mode_t mask = umask(0177);
    int bound = bind(made, (struct sockaddr *)&address, sizeof address);
    umask(mask);
    if (bound < 0)
        return failed(failure, "listen", "bind", path);
    listener->socket = take_fd(&made);
    if (!give_away(listener->socket, options))
        return failed(failure, "listen", "fchownat", path);
    if (listen(listener->socket, 1) < 0)
        return failed(failure, "listen", "listen", path);
    return true;
}

static bool peer_uid(int socket, uid_t *uid) {
    struct ucred peer;
    socklen_t size = sizeof peer;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
        return false;
    *uid = peer.uid;
    return true;
}

bool listener_accept(struct listener *listener, const struct options *options, int *client,
                     struct failure *failure) {
    cleanup_fd int accepted = accept4(listener->socket, NULL, NULL, SOCK_CLOEXEC);
    uid_t uid;
    *client = -1;
    /* A client that was gone before it was accepted is no reason to end the session. */
    if (accepted < 0 && (errno == ECONNABORTED || errno == EINTR))
        return true;
    if (accepted < 0)
        return failed(failure, "listen", "accept4", options->listen);
    if (!peer_uid(accepted, &uid))
        return failed(failure, "listen", "getsockopt(SO_PEERCRED)", options->listen);
    if (uid == 0 || uid == options->owner_uid)
        *client = take_fd(&accepted);
    return true;
}

void listener_close(struct listener *listener) {
    if (listener->socket >= 0)
        unlinkat(listener->directory, listener->name, 0);
    cleanup_close_descriptor(&listener->socket);
    cleanup_close_descriptor(&listener->directory);
}

static int connect_uninterrupted(int socket, const struct sockaddr_un *address) {
    int result;
    do
        result = connect(socket, (const struct sockaddr *)address, sizeof *address);
    while (result < 0 && errno == EINTR);
    return result;
}

int listener_connect(const char *path, struct failure *failure) {
    const char *name;
    struct sockaddr_un address;
    uid_t uid;
    cleanup_fd int directory = open_directory(path, &name);
    cleanup_fd int connected = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (directory < 0 || connected < 0 || !make_address(&address, directory, name) ||
        connect_uninterrupted(connected, &address) < 0) {
        failed(failure, "attach", "connect", path);
        if (failure->error == ENOENT || failure->error == ECONNREFUSED)
            refused(failure, "attach",
                    "the terminal of this sandbox was already attached, or it has ended; open a "
                    "new one");
        return -1;
    }
    if (!peer_uid(connected, &uid))
        return failed(failure, "attach", "getsockopt(SO_PEERCRED)", path) - 1;
    if (uid != 0 && uid != geteuid())
        return refused(failure, "attach", "%s belongs to another user: not attached", path) - 1;
    return take_fd(&connected);
}
