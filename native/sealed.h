/* The launcher's own file is out of a sandbox's reach. */
#pragma once
#include "options.h"

/*
 * CVE-2019-5736: a hostile rootfs can make its command "#!/proc/self/exe" and get hold of the
 * launcher's file. Where somebody inside could write to that file, this program goes on as a sealed
 * copy of itself in memory (memfd), which nobody can write to; `options` come from the same argv
 * and `given` again. Where the file's mode keeps everybody inside from writing, the copy would cost
 * a fifth of a sandbox's start and 1 MB for nothing.
 */
bool sealed_if_needed(const struct options *options, const struct arguments_source *given,
                      char **argv, struct failure *failure);
