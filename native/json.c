#include "json.h"
#include <stdbool.h>
#include <stddef.h>

static bool continues(const unsigned char *byte, size_t count) {
    for (size_t i = 1; i <= count; i++)
        if ((byte[i] & 0xc0) != 0x80)
            return false;
    return true;
}

/* Length of the UTF-8 sequence at `byte`, 0 where there is none (RFC 3629, section 4). */
static size_t sequence_length(const unsigned char *byte) {
    if (byte[0] < 0x80)
        return 1;
    if (byte[0] >= 0xc2 && byte[0] <= 0xdf)
        return continues(byte, 1) ? 2 : 0;
    if ((byte[0] & 0xf0) == 0xe0) {
        bool overlong = byte[0] == 0xe0 && byte[1] < 0xa0;
        bool surrogate = byte[0] == 0xed && byte[1] >= 0xa0;
        return !overlong && !surrogate && continues(byte, 2) ? 3 : 0;
    }
    if (byte[0] >= 0xf0 && byte[0] <= 0xf4) {
        bool overlong = byte[0] == 0xf0 && byte[1] < 0x90;
        bool beyond = byte[0] == 0xf4 && byte[1] >= 0x90;
        return !overlong && !beyond && continues(byte, 3) ? 4 : 0;
    }
    return 0;
}

void json_string(FILE *to, const char *text) {
    const unsigned char *byte = (const unsigned char *)text;
    fputc('"', to);
    while (*byte) {
        size_t length = sequence_length(byte);
        if (length == 0)
            fputs("\\ufffd", to);
        else if (*byte < ' ' || *byte == 0x7f)
            fprintf(to, "\\u%04x", *byte);
        else if (*byte == '"' || *byte == '\\')
            fprintf(to, "\\%c", *byte);
        else
            fwrite(byte, 1, length, to);
        byte += length ? length : 1;
    }
    fputc('"', to);
}
