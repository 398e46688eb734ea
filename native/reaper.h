/* Init's life once the command runs. */
#pragma once
#include <sys/types.h>

/* Tells the monitor how the sandbox ended, and exits: the kernel kills what is left. */
_Noreturn void reaper_report_end(int monitor, int code, int signal);

/* The sandbox ends with its monitor; children: see descendants.h, -1 where init's end is all's. */
_Noreturn void reaper_lose_monitor(int children);

/* Tells the monitor which call of init's failed, and exits: the sandbox ends. */
_Noreturn void reaper_give_up(int monitor, const char *call);

/* Reaps, passes signals on, reports the command's end and exits: the kernel kills what is left. */
_Noreturn void reaper_run(pid_t command, int monitor, int children);
