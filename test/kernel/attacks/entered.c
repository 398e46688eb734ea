/*
 * What a process does to whoever enters it.
 *
 *   entered wander ROOT OUTSIDE   lives in ROOT, and goes to OUTSIDE and back all the time
 *   entered pose USER MICROSECONDS  becomes that user, and after a while root of a user namespace of its own
 *   entered type                  types "x" into every terminal that it has, a thousand times
 *   entered where                 says in which directory it is, by the kernel's word
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { TIMES = 1000 };

static int wander(char **arguments) {
    int outside = open(arguments[1], O_PATH | O_DIRECTORY);
    if (outside < 0 || chroot(arguments[0]) < 0)
        return 125;
    for (;;)
        if (fchdir(outside) < 0 || chdir("/") < 0)
            return 125;
}

static int pose(char **arguments) {
    int user = atoi(arguments[0]);
    if (setresgid(user, user, user) < 0 || setresuid(user, user, user) < 0)
        return 125;
    usleep(atoi(arguments[1]));
    if (unshare(CLONE_NEWUSER) < 0)
        return 125;
    for (;;)
        pause();
}

/* CVE-2019-10063: a filter that looks at 64 bits of the request, of which the kernel takes 32. */
static void type_into(int terminal) {
    char byte = 'x', paste[] = {3};
    ioctl(terminal, TIOCSTI, &byte);
    syscall(SYS_ioctl, terminal, (unsigned long)TIOCSTI | 1UL << 32, &byte);
    ioctl(terminal, TIOCLINUX, paste);
}

static int type(char **arguments) {
    (void)arguments;
    int own = open("/dev/tty", O_RDWR);
    for (int i = 0; i < TIMES; i++) {
        for (int terminal = 0; terminal < 3; terminal++)
            type_into(terminal);
        type_into(own);
    }
    return 0;
}

static int where(char **arguments) {
    char path[PATH_MAX];
    (void)arguments;
    return syscall(SYS_getcwd, path, sizeof path) > 0 && puts(path) >= 0 ? 0 : 1;
}

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        int arguments;
        int (*run)(char **);
    } modes[] = {{"wander", 2, wander}, {"pose", 2, pose}, {"type", 0, type}, {"where", 0, where}};
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        if (argc == modes[i].arguments + 2 && strcmp(argv[1], modes[i].name) == 0)
            return modes[i].run(argv + 2);
    return 125;
}
