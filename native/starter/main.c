/*
 * terrarium-helper: what pkexec, sudo and systemd start. Before anything of the installation runs
 * as root it is looked at whole, by this program, which is static and loads nothing; then the
 * helper's runtime takes its place. With --check it only looks, as whoever asks.
 */
#include "../failure.h"
#include "digest.h"
#include "surroundings.h"
#include "tree.h"
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

static bool check(char home[PATH_MAX], struct manifest *manifest, struct failure *failure) {
    int directory = tree_open_home(home, failure);
    return directory >= 0 && tree_read_manifest(directory, manifest, failure) &&
           tree_check(directory, manifest, failure) && digest_check(manifest, failure);
}

/* A set-uid bit on this file is no way to become root: it asks nobody. */
static bool may_start(struct failure *failure) {
    if (getauxval(AT_SECURE) || geteuid() != 0)
        return refused(failure, "starting", "it is started by pkexec, sudo or systemd, as root");
    return true;
}

static bool start(const char *home, const struct manifest *manifest, char **arguments,
                  struct failure *failure) {
    enum { MOST_ARGUMENTS = 16 };
    static const char electron[] = "electron/";
    bool is_electron = strncmp(manifest->runtime, electron, sizeof electron - 1) == 0;
    char runtime[PATH_MAX + 1], program[PATH_MAX + sizeof "/bin/terrarium"];
    int length = snprintf(runtime, sizeof runtime, "%s/%s", home, manifest->runtime);
    snprintf(program, sizeof program, "%s/bin/terrarium", home);
    char *words[MOST_ARGUMENTS + 4] = {runtime, program, "helper"};
    int count = 3;
    while (*arguments && count < MOST_ARGUMENTS + 3)
        words[count++] = *arguments++;
    if (length >= (int)sizeof runtime || *arguments)
        return refused(failure, "starting", "the path or the arguments are too long");
    if (!surroundings_clean(is_electron, failure))
        return false;
    execv(runtime, words);
    return failed(failure, "starting", "execve", runtime);
}

int main(int argc, char **argv) {
    static struct manifest manifest;
    char home[PATH_MAX] = "";
    struct failure failure;
    bool only_checks = argc == 2 && strcmp(argv[1], "--check") == 0;
    if (argc < 1 || (!only_checks && !may_start(&failure)) || !check(home, &manifest, &failure) ||
        (!only_checks && !start(home, &manifest, argv + 1, &failure))) {
        failure_print(&failure);
        fprintf(
            stderr,
            "terrarium: nothing of %s was started; as root: terrarium install-helper --repair\n",
            home[0] ? home : "it");
        return EXIT_LAUNCHER_FAILED;
    }
    return 0;
}
