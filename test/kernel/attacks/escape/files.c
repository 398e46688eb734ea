/* Reading what is not shown, and leaving something behind in the workspace. */
#define _GNU_SOURCE
#include "escape.h"
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#ifndef __NR_fchmodat2
#define __NR_fchmodat2 452
#endif
enum { SHADOW_GROUP = 42, NOBODY = 65534, LEAKED_DESCRIPTOR = 9, SET_UID = 04755 };

static long read_hidden_file(void) {
    return can_open(given("NOTE"), O_RDONLY);
}
static long read_roots_file(void) {
    return can_open(given("SECRET"), O_RDONLY);
}
static long watch_hidden_file(void) {
    return inotify_add_watch(inotify_init1(IN_CLOEXEC), given("NOTE"), IN_OPEN);
}
static long read_shadow(void) {
    return can_open("/etc/shadow", O_RDONLY);
}
static long read_shadow_by_its_group(void) {
    const gid_t groups[] = {SHADOW_GROUP};
    if (setgroups(1, groups) < 0 || setresuid(NOBODY, NOBODY, NOBODY) < 0)
        return -1;
    return can_open("/etc/shadow", O_RDONLY);
}
/* On the workspace's side of an id-mapped bind root's file would be one of
 * ours. */
static long link_roots_file(void) {
    const char *path = below("WORKSPACE", "link");
    return link(given("SECRET"), path) < 0 ? -1 : unlink(path);
}
static long read_leaked_descriptor(void) {
    char byte;
    return pread(LEAKED_DESCRIPTOR, &byte, 1, 0) == 1 ? 0 : -1;
}

/* "Shocker": any inode of the file system below a mount, by its handle. */
static long open_by_handle(void) {
    struct {
        struct file_handle head;
        unsigned char bytes[MAX_HANDLE_SZ];
    } handle = {0};
    const char *text = given("HANDLE");
    int used = 0;
    sscanf(text, "%d:%n", &handle.head.handle_type, &used);
    for (text += used; sscanf(text, "%2hhx", &handle.bytes[handle.head.handle_bytes]) == 1;
         text += 2)
        handle.head.handle_bytes++;
    int mount = open(given("WORKSPACE"), O_RDONLY | O_DIRECTORY);
    return open_by_handle_at(mount, &handle.head, O_RDONLY);
}
/* Every file of the file system below the workspace, and the right to delay who
 * opens it. */
static long watch_file_system(void) {
    int group = fanotify_init(FAN_CLASS_CONTENT, O_RDONLY);
    if (group < 0)
        return -1;
    return fanotify_mark(group, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, FAN_OPEN, AT_FDCWD,
                         given("WORKSPACE"));
}

static const char *plant(void) {
    const char *path = below("WORKSPACE", "planted");
    unlink(path);
    close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0755));
    return path;
}
/* `result`: of the call that should have done it. */
static long planted(long result) {
    const char *path = below("WORKSPACE", "planted");
    int error = errno;
    struct stat what = {0};
    bool set_uid = stat(path, &what) == 0 && (what.st_mode & S_ISUID);
    unlink(path);
    return result == -1 ? failed(error) : set_uid ? 0 : failed(ENOMSG);
}
static long plant_by_chmod(void) {
    return planted(chmod(plant(), SET_UID));
}
static long plant_by_fchmodat2(void) {
    return planted(syscall(__NR_fchmodat2, AT_FDCWD, plant(), SET_UID, 0));
}
static long plant_by_open(void) {
    return planted(open(below("WORKSPACE", "planted"), O_CREAT | O_WRONLY | O_CLOEXEC, SET_UID));
}
static long plant_by_mknod(void) {
    return planted(mknod(below("WORKSPACE", "planted"), S_IFREG | SET_UID, 0));
}
#ifdef __x86_64__
/* chmod of the i386 table, by the gate that 64-bit programs have as well. */
static long plant_by_int80(void) {
    enum { I386_CHMOD = 15 };
    char *path =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    long result;
    strcpy(path, plant());
    __asm__ volatile("int $0x80"
                     : "=a"(result)
                     : "a"((long)I386_CHMOD), "b"(path), "c"((long)SET_UID)
                     : "memory", "r8", "r9", "r10", "r11");
    return planted(result >= 0 ? 0 : failed((int)-result));
}
#endif
static long plant_capability(void) {
    struct vfs_cap_data data = {.magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE,
                                .data[0].permitted = 1 << CAP_SETUID};
    const char *path = plant();
    long set = setxattr(path, "security.capability", &data, sizeof data, 0);
    unlink(path);
    return set;
}
static long exec_set_uid(void) {
    const char *program = below("WORKSPACE", "set-uid");
    if (setresuid(NOBODY, NOBODY, NOBODY) < 0)
        return -1;
    pid_t child = fork();
    if (child == 0)
        _exit(execl(program, program, "--is-root", NULL) < 0);
    int status = 1;
    waitpid(child, &status, 0);
    return status == 0 ? 0 : failed(EPERM);
}

static long write_git_hook(void) {
    const char *path = below("WORKSPACE", ".git/hooks/pre-commit");
    int hook = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0755);
    return hook < 0 ? -1 : unlink(path);
}
static long write_git_configuration(void) {
    return can_open(below("WORKSPACE", ".git/config"), O_WRONLY);
}
static long write_editor_settings(void) {
    return can_open(below("WORKSPACE", ".vscode/settings.json"), O_WRONLY);
}
/* Away with it, so that another one can take its place. */
static long there_and_back(const char *name, const char *away) {
    int workspace = open(given("WORKSPACE"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (renameat(workspace, name, workspace, away) < 0)
        return -1;
    return renameat(workspace, away, workspace, name);
}
static long replace_git_hooks(void) {
    return there_and_back(".git/hooks", ".git/away");
}
static long replace_git(void) {
    return there_and_back(".git", "away");
}

const struct attempt on_files[] = {
    ATTEMPT(read_hidden_file),
    ATTEMPT(read_roots_file),
    ATTEMPT(watch_hidden_file),
    ATTEMPT(read_shadow),
    ATTEMPT(read_shadow_by_its_group),
    ATTEMPT(link_roots_file),
    ATTEMPT(read_leaked_descriptor),
    ATTEMPT(open_by_handle),
    ATTEMPT(watch_file_system),
    ATTEMPT(plant_by_chmod),
    ATTEMPT(plant_by_fchmodat2),
    ATTEMPT(plant_by_open),
    ATTEMPT(plant_by_mknod),
#ifdef __x86_64__
    ATTEMPT(plant_by_int80),
#endif
    ATTEMPT(plant_capability),
    ATTEMPT(exec_set_uid),
    ATTEMPT(write_git_hook),
    ATTEMPT(write_git_configuration),
    ATTEMPT(write_editor_settings),
    ATTEMPT(replace_git_hooks),
    ATTEMPT(replace_git),
    END_OF_ATTEMPTS,
};
