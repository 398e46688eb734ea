/* What `ps` shows of a process. */
#pragma once

/* Overwrites argv, which nothing may read afterwards (arguments_read copied it), and comm. */
void title_set(char **argv, const char *title);
