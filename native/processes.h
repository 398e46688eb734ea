/* The named processes of a sandbox that has several: what was asked for, and how each is. */
#pragma once
#include "arguments.h"
#include <stdint.h>
#include <sys/types.h>

enum restart { RESTART_NO, RESTART_ON_FAILURE, RESTART_ALWAYS };

struct process_spec {
    const char *name;
    enum restart restart;
    struct string_list arguments;
};

struct process_list {
    struct process_spec *items; /* in the order in which they start */
    size_t count;
};

enum process_phase { PROCESS_WAITING, PROCESS_RUNNING, PROCESS_RESTARTING, PROCESS_EXITED };

/* Travels from init to the monitor, so it holds no pointers. */
struct process_state {
    uint32_t place; /* in the list */
    enum process_phase phase;
    pid_t pid; /* inside; of its last run */
    uint32_t restarts;
    int32_t code; /* how its last run ended; 0 before */
    int32_t signal;
};

/* Adds a process; restart is "no", "on-failure" or "always". */
bool processes_add(struct process_list *list, const char *name, const char *restart,
                   struct failure *failure);

/* Adds one word to the command of the last process. */
bool processes_add_word(struct process_list *list, const char *word, struct failure *failure);

/* Refuses a process without a command. */
bool processes_check(const struct process_list *list, struct failure *failure);

void processes_free(struct process_list *list);

/* One state as a JSON object, without a newline; to be freed. NULL: no memory. */
char *process_json(const struct process_spec *spec, const struct process_state *state);

/* The content of processes.json: an array of such objects; to be freed. */
char *processes_json(const struct process_list *list, const struct process_state *states);
