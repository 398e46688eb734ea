/* Decimal numbers, and nothing that strtoul would forgive: no sign, space, 0x or overflow. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* The lesson of CVE-2026-30892: an empty or odd user id must be an error, never 0. */
static inline bool number_parse(const char *text, uint64_t maximum, uint64_t *number) {
    uint64_t value = 0;
    if (!*text)
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9' || value > (UINT64_MAX - 9) / 10)
            return false;
        value = value * 10 + (uint64_t)(*text - '0');
    }
    *number = value;
    return value <= maximum;
}
