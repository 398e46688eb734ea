#include "idtools.h"
#include "cleanup.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* They are set-uid root, and get our user's trust: whoever else could have written them does not.
 */
static int open_tool(const char *path, struct failure *failure) {
    struct stat what;
    cleanup_fd int tool = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (tool < 0 || fstat(tool, &what) < 0) {
        failed(failure, "identity", "open", path);
        return failed_hint(failure, "more ids than one need newuidmap and newgidmap (Debian's "
                                    "package uidmap), and ranges in /etc/subuid and /etc/subgid") -
               1;
    }
    if (!S_ISREG(what.st_mode) || what.st_uid != 0 || (what.st_mode & (S_IWGRP | S_IWOTH)))
        return failed_because(failure, EPERM, "identity", "fstat", path,
                              "it is not root's alone, and is not trusted") -
               1;
    return take_fd(&tool);
}

/* PID, then inside, outside and count of each line. `words`: what the arguments point into. */
static char **tool_arguments(const char *path, char *pid, char *words, size_t lines) {
    char **arguments = calloc(3 * lines + 3, sizeof *arguments), *rest;
    if (!arguments)
        return NULL;
    size_t count = 0;
    arguments[count++] = (char *)path;
    arguments[count++] = pid;
    for (char *word = strtok_r(words, " ", &rest); word && count < 3 * lines + 2;
         word = strtok_r(NULL, " ", &rest))
        arguments[count++] = word;
    return arguments;
}

static char *join_lines(const struct string_list *lines) {
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    for (size_t i = 0; to && i < lines->count; i++)
        fprintf(to, "%s ", lines->items[i]);
    if (to)
        fclose(to);
    return text;
}

static _Noreturn void become_tool(int tool, char **arguments, int complaints) {
    static char *const none[] = {NULL};
    dup2(complaints, STDERR_FILENO);
    syscall(SYS_execveat, tool, "", arguments, none, AT_EMPTY_PATH);
    _exit(EXIT_CANNOT_EXECUTE);
}

/* Its first line, or nothing. */
static void read_complaint(int from, char *text, size_t size) {
    ssize_t length = read(from, text, size - 1);
    text[length > 0 ? length : 0] = '\0';
    text[strcspn(text, "\n")] = '\0';
}

static bool run_tool(int tool, char **arguments, struct failure *failure) {
    int ends[2], status = -1;
    char complaint[256];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return failed(failure, "identity", "pipe2", NULL);
    pid_t child = fork();
    if (child == 0)
        become_tool(tool, arguments, ends[1]);
    close(ends[1]);
    cleanup_fd int complaints = ends[0];
    if (child < 0)
        return failed(failure, "identity", "fork", NULL);
    read_complaint(complaints, complaint, sizeof complaint);
    if (waitpid(child, &status, 0) == child && status == 0)
        return true;
    return failed_because(failure, EPERM, "identity", "execveat", arguments[0], complaint);
}

bool idtool_write_map(const char *path, pid_t child, const struct string_list *lines,
                      struct failure *failure) {
    char pid[16];
    snprintf(pid, sizeof pid, "%d", child);
    cleanup_fd int tool = open_tool(path, failure);
    if (tool < 0)
        return false;
    cleanup_free char *words = join_lines(lines);
    cleanup_free char **arguments = words ? tool_arguments(path, pid, words, lines->count) : NULL;
    if (!arguments)
        return failed(failure, "identity", "calloc", NULL);
    return run_tool(tool, arguments, failure);
}
