/* Status events: one JSON object a line, for the process that started the launcher. */
#pragma once
#include "failure.h"
#include "following.h"
#include <stdint.h>
#include <sys/types.h>

/* How a command ended. signal is 0 where it exited by itself; code is then its own, else 128+n. */
struct ending {
    int code;
    int signal;
    unsigned long oom_kills; /* of its processes, by the kernel, until then */
};

/* All of them do nothing for descriptor -1, and ignore a reader that is gone. */
void status_ready(int descriptor, pid_t pid, const uint64_t *namespaces,
                  const struct following *following);
void status_started(int descriptor);
void status_process(int descriptor, const char *json);
void status_failure(int descriptor, const struct failure *failure);
void status_exit(int descriptor, struct ending ending);

/* The content of exit.json, without a newline: {"code":N,"signal":"SIGKILL"|null}, and
 * "oomKills":N where there were any. It takes no memory that could be missing. */
struct ending_text {
    char json[96];
};
struct ending_text ending_json(struct ending ending);
