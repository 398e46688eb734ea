#include "failure.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void copy_text(char *to, size_t size, const char *from) {
    snprintf(to, size, "%s", from ? from : "");
}

bool failed_because(struct failure *failure, int error, const char *stage, const char *call,
                    const char *path, const char *hint) {
    failure->error = error;
    copy_text(failure->stage, sizeof failure->stage, stage);
    copy_text(failure->call, sizeof failure->call, call);
    copy_text(failure->path, sizeof failure->path, path);
    copy_text(failure->hint, sizeof failure->hint, hint);
    return false;
}

bool failed(struct failure *failure, const char *stage, const char *call, const char *path) {
    return failed_because(failure, errno, stage, call, path, NULL);
}

bool failed_hint(struct failure *failure, const char *hint) {
    copy_text(failure->hint, sizeof failure->hint, hint);
    return false;
}

bool refused(struct failure *failure, const char *stage, const char *format, ...) {
    failed_because(failure, 0, stage, NULL, NULL, NULL);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(failure->hint, sizeof failure->hint, format, arguments);
    va_end(arguments);
    return false;
}

/* A path may hold terminal escapes that somebody else chose. */
static void replace_controls(char *text) {
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            *text = '?';
}

void failure_print(const struct failure *failure) {
    char line[PATH_MAX + 1024];
    if (failure->error == 0)
        snprintf(line, sizeof line, "%s", failure->hint);
    else
        snprintf(line, sizeof line, "%s: %s%s%s: %s%s%s", failure->stage, failure->call,
                 failure->path[0] ? " " : "", failure->path, strerror(failure->error),
                 failure->hint[0] ? "; " : "", failure->hint);
    replace_controls(line);
    fprintf(stderr, "terrarium: %s\n", line);
}
