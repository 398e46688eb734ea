/* newuidmap(1) and newgidmap(1), which write for an ordinary user what /etc/subuid and subgid give.
 */
#pragma once
#include "arguments.h"
#include <sys/types.h>

/* `path` is one of them; what it has to say against it becomes the failure's hint. */
bool idtool_write_map(const char *path, pid_t child, const struct string_list *lines,
                      struct failure *failure);
