#include "status.h"
#include "cleanup.h"
#include "json.h"
#include "names.h"
#include "namespaces.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* One write() a line: lines of two writers never mix, and a reader that is gone is no error. */
static void write_line(int descriptor, const char *line) {
    for (size_t left = strlen(line); left > 0;) {
        ssize_t put = write(descriptor, line, left);
        if (put < 0 && errno != EINTR)
            return;
        line += put > 0 ? put : 0;
        left -= put > 0 ? (size_t)put : 0;
    }
}

struct ending_text ending_json(struct ending ending) {
    struct ending_text text;
    const char *name = ending.signal ? signal_name(ending.signal) : NULL;
    char signal[24] = "null";
    if (name)
        snprintf(signal, sizeof signal, "\"SIG%s\"", name);
    else if (ending.signal)
        snprintf(signal, sizeof signal, "\"SIG%d\"", ending.signal);
    char oom[40] = "";
    if (ending.oom_kills > 0)
        snprintf(oom, sizeof oom, ",\"oomKills\":%lu", ending.oom_kills);
    snprintf(text.json, sizeof text.json, "{\"code\":%d,\"signal\":%s%s}", ending.code, signal,
             oom);
    return text;
}

/* ,"unfollowed":{"umask":"EACCES"}; nothing where there is nothing. */
static int add_unfollowed(char *to, size_t size, const struct following *following) {
    int length = 0, count = 0;
    for (int i = 0; i < ATTRIBUTE_COUNT; i++) {
        const char *name = error_name(following->errors[i]);
        if (following->errors[i])
            length +=
                snprintf(to + length, size - (size_t)length, "%s\"%s\":\"%s\"",
                         count++ ? "," : ",\"unfollowed\":{", attribute_names[i], name ? name : "");
    }
    return count ? length + snprintf(to + length, size - (size_t)length, "}") : 0;
}

void status_ready(int descriptor, pid_t pid, const uint64_t *namespaces,
                  const struct following *following) {
    char line[96 + NAMESPACE_COUNT * 32 + ATTRIBUTE_COUNT * 40];
    if (descriptor < 0)
        return;
    int length =
        snprintf(line, sizeof line, "{\"event\":\"ready\",\"pid\":%d,\"namespaces\":", pid);
    for (int i = 0; i < NAMESPACE_COUNT; i++)
        length +=
            snprintf(line + length, sizeof line - (size_t)length, "%c\"%s\":%llu", i ? ',' : '{',
                     namespace_types[i].name, (unsigned long long)namespaces[i]);
    length += snprintf(line + length, sizeof line - (size_t)length, "}");
    length += add_unfollowed(line + length, sizeof line - (size_t)length, following);
    snprintf(line + length, sizeof line - (size_t)length, "}\n");
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

/* Where there is no memory for more: stage and call are words of the launcher's own. */
static void status_bare_failure(int descriptor, const struct failure *failure) {
    char line[256];
    const char *name = failure->error ? error_name(failure->error) : NULL;
    snprintf(line, sizeof line,
             "{\"event\":\"error\",\"stage\":\"%s\",\"call\":\"%s\",\"errno\":\"%s\"}\n",
             failure->stage, failure->call, name ? name : "");
    if (descriptor >= 0)
        write_line(descriptor, line);
}

void status_failure(int descriptor, const struct failure *failure) {
    cleanup_free char *line = NULL;
    size_t size;
    FILE *to = descriptor < 0 ? NULL : open_memstream(&line, &size);
    if (!to) {
        status_bare_failure(descriptor, failure);
        return;
    }
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
    char line[128];
    snprintf(line, sizeof line, "{\"event\":\"exit\",%s\n", ending_json(ending).json + 1);
    if (descriptor >= 0)
        write_line(descriptor, line);
}
