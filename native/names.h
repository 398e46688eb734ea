/* The names of numbers: glibc has its own functions for these, musl has none. */
#pragma once

/* "TERM" for SIGTERM; NULL for a number without a name, as a real-time signal is. */
const char *signal_name(int number);

/* "EPERM"; NULL for an unknown number. */
const char *error_name(int number);
