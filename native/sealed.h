/* The launcher runs from a sealed copy of itself. */
#pragma once
#include "failure.h"

/*
 * Executes a sealed memfd copy of this program, unless that is what runs already. CVE-2019-5736: a
 * hostile rootfs can make its command "#!/proc/self/exe" and get hold of the launcher's file; the
 * copy cannot be written, and the file on disk is never mapped by a process that a sandbox can see.
 */
bool run_sealed(char **argv, struct failure *failure);
