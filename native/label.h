/* The label that a security module gave to a process (AppArmor, SELinux, Smack). */
#pragma once
#include <stdbool.h>

struct label {
    char text[1024]; /* empty: no module labels processes here */
};

/* directory: of /proc, prefix "self/" or a process's own with prefix "". False with errno. */
bool label_read(int directory, const char *prefix, struct label *label);

/* Asks for the label at the next execve(2). False with errno. */
bool label_at_exec(int procfs, const struct label *label);
