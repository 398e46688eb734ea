/* `launcher attach`: the terminal's, or the pipes', end of a session. */
#pragma once
#include <stdbool.h>

/* Connects to a session that listens; returns the exit code. */
int attach(const char *path);

/*
 * Serves a session on a connected socket until it ends; returns the command's exit code.
 * pass_signals: SIGINT, SIGTERM, SIGHUP and SIGQUIT that this process gets go to the command.
 */
int attach_session(int socket, bool pass_signals);
