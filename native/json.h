/* Just enough JSON to write. */
#pragma once
#include <stdio.h>

/* Writes text as a JSON string, quotes included; a byte that is not UTF-8 becomes U+FFFD. */
void json_string(FILE *to, const char *text);
