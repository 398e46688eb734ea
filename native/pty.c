#include "pty.h"
#include "beneath.h"
#include "cleanup.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

/* The host's /dev/ptmx and a devpts's own have the same number (devices.txt: 5:2). */
static bool is_ptmx(int master) {
    struct stat what;
    return fstat(master, &what) == 0 && S_ISCHR(what.st_mode) && what.st_rdev == makedev(5, 2);
}

bool pty_from_master(int master, struct pty *pty, struct failure *failure) {
    int unlock = 0;
    if (!is_ptmx(master))
        return failed_because(failure, ENODEV, "terminal", "fstat", "ptmx", "it is no ptmx");
    if (ioctl(master, TIOCSPTLCK, &unlock) < 0)
        return failed(failure, "terminal", "ioctl(TIOCSPTLCK)", "ptmx");
    /* By descriptor, not by the name /dev/pts/N, which another mount namespace may fake. */
    int slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (slave < 0)
        return failed(failure, "terminal", "ioctl(TIOCGPTPEER)", "ptmx");
    *pty = (struct pty){.master = master, .slave = slave};
    return true;
}

bool pty_open(int devpts, struct pty *pty, struct failure *failure) {
    struct statfs facts;
    if (fstatfs(devpts, &facts) < 0 || facts.f_type != DEVPTS_SUPER_MAGIC)
        return failed_because(failure, ENODEV, "terminal", "fstatfs", "pts", "it is no devpts");
    /* RESOLVE_NO_XDEV: nothing that was mounted over ptmx (CVE-2025-52565). */
    cleanup_fd int master = open_beneath(devpts, "ptmx", O_RDWR | O_NOCTTY,
                                         RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV);
    if (master < 0)
        return failed(failure, "terminal", "openat2", "pts/ptmx");
    if (!pty_from_master(master, pty, failure))
        return false;
    take_fd(&master);
    return true;
}

void pty_close(struct pty *pty) {
    cleanup_close_descriptor(&pty->master);
    cleanup_close_descriptor(&pty->slave);
}
