/**
 * The signals that may be sent to a sandbox, by name: signal(7). Real-time signals have no names that
 * every program agrees on, and the synchronous ones (SIGSEGV and its like) are the kernel's to send.
 */
export const signalNames = [
  "SIGHUP",
  "SIGINT",
  "SIGQUIT",
  "SIGABRT",
  "SIGKILL",
  "SIGUSR1",
  "SIGUSR2",
  "SIGALRM",
  "SIGTERM",
  "SIGCONT",
  "SIGSTOP",
  "SIGTSTP",
  "SIGWINCH",
] as const;

export type SignalName = (typeof signalNames)[number];

/** What PID 1 of a sandbox passes on to the command by itself (native/signals.c). */
export const forwardedSignals: ReadonlySet<SignalName> = new Set([
  "SIGTERM",
  "SIGINT",
  "SIGHUP",
  "SIGQUIT",
  "SIGUSR1",
  "SIGUSR2",
]);
