#include "status.h"
#include "cleanup.h"
#include "json.h"
#include "names.h"
#include "namespaces.h"
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* One write() a line: lines of two writers never mix, and a reader that is gone is no error. */
static void write_line(int descriptor, const char *line) {
    ssize_t ignored = write(descriptor, line, strlen(line));
    (void)ignored;
}

static void write_signal(FILE *to, int signal) {
    const char *name = signal ? signal_name(signal) : NULL;
    if (name)
        fprintf(to, "\"SIG%s\"", name);
    else if (signal)
        fprintf(to, "\"SIG%d\"", signal);
    else
        fputs("null", to);
}

char *ending_json(struct ending ending) {
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    if (!to)
        return NULL;
    fprintf(to, "{\"code\":%d,\"signal\":", ending.code);
    write_signal(to, ending.signal);
    fputc('}', to);
    fclose(to);
    return text;
}

void status_ready(int descriptor, pid_t pid, const uint64_t *namespaces) {
    cleanup_free char *line = NULL;
    size_t size;
    FILE *to = descriptor < 0 ? NULL : open_memstream(&line, &size);
    if (!to)
        return;
    fprintf(to, "{\"event\":\"ready\",\"pid\":%d,\"namespaces\":{", pid);
    for (int i = 0; i < NAMESPACE_COUNT; i++)
        fprintf(to, "%s\"%s\":%llu", i ? "," : "", namespace_types[i].name,
                (unsigned long long)namespaces[i]);
    fputs("}}\n", to);
    fclose(to);
    write_line(descriptor, line);
}

void status_started(int descriptor) {
    if (descriptor >= 0)
        write_line(descriptor, "{\"event\":\"started\"}\n");
}

void status_process(int descriptor, const char *json) {
    cleanup_free char *line = NULL;
    if (descriptor >= 0 && asprintf(&line, "{\"event\":\"process\",%s\n", json + 1) > 0)
        write_line(descriptor, line);
}

void status_failure(int descriptor, const struct failure *failure) {
    cleanup_free char *line = NULL;
    size_t size;
    FILE *to = descriptor < 0 ? NULL : open_memstream(&line, &size);
    if (!to)
        return;
    const char *name = failure->error ? error_name(failure->error) : NULL;
    const struct {
        const char *key, *value;
    } members[] = {{"stage", failure->stage},
                   {"call", failure->call},
                   {"path", failure->path},
                   {"errno", name ? name : ""},
                   {"hint", failure->hint}};
    fputs("{\"event\":\"error\"", to);
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        fprintf(to, ",\"%s\":", members[i].key);
        json_string(to, members[i].value);
    }
    fputs("}\n", to);
    fclose(to);
    write_line(descriptor, line);
}

void status_exit(int descriptor, struct ending ending) {
    cleanup_free char *json = descriptor < 0 ? NULL : ending_json(ending);
    char line[64];
    if (!json)
        return;
    snprintf(line, sizeof line, "{\"event\":\"exit\",%s\n", json + 1);
    write_line(descriptor, line);
}
