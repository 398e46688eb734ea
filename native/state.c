#include "state.h"
#include "cleanup.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

static int open_directory(const struct state *state) {
    return openat(state->parent, state->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

bool state_open(struct state *state, const struct options *options, struct failure *failure) {
    *state = (struct state){.parent = -1, .directory = -1};
    if (!options->state_directory)
        return true;
    cleanup_free char *path = strdup(options->state_directory);
    char *slash = path ? strrchr(path, '/') : NULL;
    if (!slash || slash == path || !slash[1])
        return refused(failure, "state", "--state-dir: '%s' is no absolute path of a directory",
                       options->state_directory);
    state->name = strrchr(options->state_directory, '/') + 1;
    *slash = '\0';
    state->parent = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (state->parent >= 0)
        state->directory = open_directory(state);
    if (state->directory < 0)
        return failed(failure, "state", "open", options->state_directory);
    return true;
}

void state_write(int directory, const char *name, const char *json) {
    static const char temporary[] = ".new";
    cleanup_fd int file =
        openat(directory, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (file >= 0 && dprintf(file, "%s\n", json) >= 0)
        renameat(directory, temporary, directory, name);
}

/* Flat: what is not a file or a link stays, and then so does the directory. */
static void remove_entries(int directory) {
    DIR *entries = fdopendir(directory);
    if (!entries) {
        close(directory);
        return;
    }
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            unlinkat(dirfd(entries), entry->d_name, 0);
    closedir(entries);
}

/* Twice, should something have failed for a moment: nobody else is there to do it. */
static void remove_all(const struct state *state) {
    for (int tries = 2; tries > 0; tries--) {
        int directory = open_directory(state);
        if (directory >= 0)
            remove_entries(directory);
        if (unlinkat(state->parent, state->name, AT_REMOVEDIR) == 0)
            return;
    }
}

void state_finish(struct state *state, const struct options *options, const struct ending *ending) {
    struct failure ignored;
    if (options->state_directory && state->directory < 0)
        state_open(state, options, &ignored); /* once more */
    if (state->directory < 0)
        return;
    if (!options->keep_state)
        remove_all(state);
    else if (ending)
        state_write(state->directory, "exit.json", ending_json(*ending).json);
    close(state->directory);
    close(state->parent);
}
