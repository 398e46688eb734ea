#include "processes.h"
#include "cleanup.h"
#include "json.h"
#include "status.h"
#include <stdio.h>
#include <string.h>

static const char *const restart_names[] = {
    [RESTART_NO] = "no", [RESTART_ON_FAILURE] = "on-failure", [RESTART_ALWAYS] = "always"};

static const char *const phase_names[] = {[PROCESS_WAITING] = "waiting",
                                          [PROCESS_RUNNING] = "running",
                                          [PROCESS_RESTARTING] = "restarting",
                                          [PROCESS_EXITED] = "exited"};

static bool parse_restart(const char *text, enum restart *restart) {
    for (size_t i = 0; i < sizeof restart_names / sizeof *restart_names; i++)
        if (strcmp(restart_names[i], text) == 0) {
            *restart = (enum restart)i;
            return true;
        }
    return false;
}

bool processes_add(struct process_list *list, const char *name, const char *restart,
                   struct failure *failure) {
    struct process_spec added = {.name = name};
    if (!parse_restart(restart, &added.restart))
        return refused(failure, "options", "--process: '%s' is not no, on-failure or always",
                       restart);
    struct process_spec *items = realloc(list->items, (list->count + 1) * sizeof *items);
    if (!items)
        return failed(failure, "options", "realloc", NULL);
    list->items = items;
    items[list->count++] = added;
    return true;
}

bool processes_add_word(struct process_list *list, const char *word, struct failure *failure) {
    if (list->count == 0)
        return refused(failure, "options", "--word belongs to a --process before it");
    return string_list_add(&list->items[list->count - 1].arguments, word, failure);
}

bool processes_check(const struct process_list *list, struct failure *failure) {
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].arguments.count == 0)
            return refused(failure, "options", "--process %s has no command: give it by --word",
                           list->items[i].name);
    return true;
}

void processes_free(struct process_list *list) {
    for (size_t i = 0; i < list->count; i++)
        string_list_free(&list->items[i].arguments);
    free(list->items);
    *list = (struct process_list){0};
}

/* init is ours, but a message is a message: what is out of range is shown as ended. */
static const char *phase_name(enum process_phase phase) {
    size_t count = sizeof phase_names / sizeof *phase_names;
    return phase_names[(size_t)phase < count ? phase : PROCESS_EXITED];
}

char *process_json(const struct process_spec *spec, const struct process_state *state) {
    struct ending_text ending =
        ending_json((struct ending){.code = state->code, .signal = state->signal});
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    if (!to)
        return NULL;
    fputs("{\"name\":", to);
    json_string(to, spec->name);
    fprintf(to, ",\"state\":\"%s\",\"pid\":%d,\"restarts\":%u,%s", phase_name(state->phase),
            state->pid, state->restarts, ending.json + 1);
    fclose(to);
    return text;
}

char *processes_json(const struct process_list *list, const struct process_state *states) {
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    if (!to)
        return NULL;
    fputc('[', to);
    for (size_t i = 0; i < list->count; i++) {
        cleanup_free char *json = process_json(&list->items[i], &states[i]);
        fprintf(to, "%s%s", i ? "," : "", json ? json : "null");
    }
    fputc(']', to);
    fclose(to);
    return text;
}
