#include "state.h"
#include "cleanup.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

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
        state->directory =
            openat(state->parent, state->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
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

static void write_ending(int directory, struct ending ending) {
    cleanup_free char *json = ending_json(ending);
    if (json)
        state_write(directory, "exit.json", json);
}

/* Flat: what is not a file or a link stays, and then so does the directory. */
static void remove_entries(int directory) {
    DIR *entries = fdopendir(directory);
    if (!entries)
        return;
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;)
        unlinkat(dirfd(entries), entry->d_name, 0);
    closedir(entries);
}

void state_finish(struct state *state, bool keep, const struct ending *ending) {
    if (state->directory < 0)
        return;
    if (keep) {
        if (ending)
            write_ending(state->directory, *ending);
        close(state->directory);
    } else {
        remove_entries(state->directory);
        unlinkat(state->parent, state->name, AT_REMOVEDIR);
    }
    close(state->parent);
}
