#include "nearest.h"
#include <string.h>

enum { NAME_MAX_LENGTH = 32 };

static size_t minimum(size_t a, size_t b) {
    return a < b ? a : b;
}

/* Levenshtein's distance, one row at a time. A name that holds the wanted one is one away. */
static size_t distance(const char *left, const char *right) {
    if (strstr(right, left))
        return 1;
    size_t row[NAME_MAX_LENGTH + 1];
    size_t columns = minimum(strlen(right), NAME_MAX_LENGTH);
    for (size_t j = 0; j <= columns; j++)
        row[j] = j;
    for (size_t i = 1; left[i - 1] && i <= NAME_MAX_LENGTH; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= columns; j++) {
            size_t replaced = diagonal + (left[i - 1] != right[j - 1]);
            diagonal = row[j];
            row[j] = minimum(replaced, minimum(row[j], row[j - 1]) + 1);
        }
    }
    return row[columns];
}

const char *nearest_name(const char *wanted, size_t count,
                         const char *(*name_at)(size_t index, const void *context),
                         const void *context) {
    const char *best = "help";
    size_t best_distance = (size_t)-1;
    for (size_t i = 0; i < count; i++) {
        const char *name = name_at(i, context);
        size_t far = name ? distance(wanted, name) : (size_t)-1;
        if (far < best_distance) {
            best = name;
            best_distance = far;
        }
    }
    return best;
}
