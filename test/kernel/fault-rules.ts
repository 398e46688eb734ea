import type { Outcome, Point, Spoil } from "./injector.ts";

/** With which the commands of all scenes end. */
export const commandCode = 7;

/** Calls whose man page knows no error (or none for what the launcher asks): nothing can be injected. */
const cannotFail = new Set([
  ...[
    "exit_group",
    "exit",
    "getpid",
    "getppid",
    "gettid",
    "getuid",
    "geteuid",
    "getgid",
    "getegid",
  ],
  ...["umask", "rt_sigreturn", "set_tid_address", "set_robust_list", "getsid"],
  // Of the C library around fork(2); with these arguments they have no error.
  ...["rt_sigaction", "rt_sigprocmask"],
  // The C library's allocator: what it makes of a refusal is malloc's matter.
  ...["munmap", "mprotect", "madvise"],
]);

/** What the kernel plausibly answers; EIO where nothing is more likely. */
const errors: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ["open", "openat", "openat2", "socket", "socketpair", "pipe2", "dup", "dup3", "fcntl"].map(
      (call) => [call, "EMFILE"],
    ),
  ),
  ...Object.fromEntries(
    ["mount", "umount2", "pivot_root", "move_mount", "open_tree", "mount_setattr", "fsopen"].map(
      (call) => [call, "EPERM"],
    ),
  ),
  ...Object.fromEntries(
    ["setns", "unshare", "setresuid", "setresgid", "capset", "chroot", "fchown", "kill"].map(
      (call) => [call, "EPERM"],
    ),
  ),
  ...Object.fromEntries(["clone", "clone3", "fork", "vfork"].map((call) => [call, "EAGAIN"])),
  ...Object.fromEntries(
    ["brk", "mmap", "mremap", "poll", "sendmsg", "recvmsg", "signalfd4"].map((call) => [
      call,
      "ENOMEM",
    ]),
  ),
  rmdir: "EBUSY",
  execve: "EACCES",
  keyctl: "EDQUOT",
  setgroups: "ENOMEM",
};

/** A signal may interrupt these (signal(7)); the launcher then goes on as if nothing had been. */
const interrupted = new Set([
  ...["read", "write", "poll", "ppoll", "recvmsg", "sendmsg", "accept4", "connect"],
  ...["waitid", "nanosleep", "clock_nanosleep", "close"],
]);

const shortened = new Set(["write", "sendfile"]);

/** How often these are made depends on who is faster: not every run has as many as the clean one had. */
const onTime = /^(poll|read|wait4|waitid|recvmsg|nanosleep)$/;

/** What the launcher may fail to do without failing, and why. */
export interface Tolerated {
  readonly role?: RegExp;
  readonly call: RegExp;
  readonly detail?: RegExp;
  readonly why: string;
}

/** By whichever process of the launcher. */
export const toleratedAnywhere: readonly Tolerated[] = [
  { call: /^close$/, why: "close(2) closes whatever it answers" },
  { call: /^fcntl$/, detail: / 2$/, why: "the C library's own: open had O_CLOEXEC already" },
  { call: /^(brk|mmap)$/, why: "the allocator has another way to get memory" },
];

const tolerated: readonly Tolerated[] = [
  ...toleratedAnywhere,
  { call: /^prctl$/, detail: /^15 /, why: "PR_SET_NAME: a name for ps" },
  { call: /^write$/, detail: / {"event":/, why: "a reader of events that is gone ends no sandbox" },
  { role: /^0$/, call: /^fstat$/, detail: /launcher/, why: "an unknown owner: it is sealed" },
  { role: /^0$/, call: /^fcntl$/, detail: / 1034$/, why: "no seals found: it is sealed" },
  {
    role: /^0$/,
    call: /^open(at)?$/,
    detail: /memory\.(events|oom_control) /,
    why: "OOM kills that were not counted: a sandbox ends without that word",
  },
  { role: /^0$/, call: /^capget$/, why: "CAP_SETGID unknown: setgroups is denied" },
  {
    call: /^(open_tree|move_mount|mount_setattr|fsopen|fsconfig|fsmount)$/,
    detail: /(^| )4294967295/,
    why: "the question whether it is there: mount(2) does the same",
  },
  {
    role: /^0$/,
    call: /^ioctl$/,
    detail: / 215\d\d$/,
    why: "what may be a terminal is taken for one",
  },
  {
    role: /^0$/,
    call: /^(open|dup2)$/,
    detail: /^\/dev\/null /,
    why: "stdin and stdout are let go later",
  },
  { call: /^recvmsg$/, detail: /^socket/, why: "the message waits, and is asked for again" },
  { call: /^read$/, detail: /signalfd|pidfd/, why: "the signal waits, and is asked for again" },
  { call: /^sendmsg$/, detail: /^socket/, why: "the exit code of init is the second source" },
  { role: /^0$/, call: /^waitid$/, why: "the ending was told by init" },
  { role: /^0$/, call: /^poll$/, why: "the last one: a look for words of who has ended" },
  { role: /^0$/, call: /^rmdir$/, why: "a busy cgroup is removed a moment later" },
  {
    role: /^0$/,
    call: /^(fstat|fcntl|getdents64|unlinkat|openat)$/,
    detail: /state/,
    why: "tried twice",
  },
  {
    call: /^(writev|renameat)$/,
    detail: /state/,
    why: "processes.json: the next change writes it",
  },
  { role: /^0\.2$/, call: /^(ioctl|fcntl|read|write)$/, why: "a client: its window, its keys" },
  { role: /^0$/, call: /^wait4$/, why: "a child that has ended: it goes with the monitor" },
  { role: /^0$/, call: /^open$/, detail: /ptmx/, why: "the target has a devpts of its own" },
  { role: /^0$/, call: /^fchown$/, why: "nobody to give the terminal to" },
  { role: /^0$/, call: /^prlimit64$/, why: "what is below the target's limits is taken" },
  {
    role: /^0\.1\.1$/,
    call: /^open$/,
    detail: /^\/ /,
    why: "the directory of the target is left then",
  },
  { role: /^0\.2$/, call: /^poll$/, why: "a client that ends: the command has ended before" },
  { role: /^0\.1$/, call: /^newfstatat$/, detail: /ns\/user/, why: "then it is joined" },
  {
    role: /^0\.1\.1$/,
    call: /^(openat2|fstatfs|fstat|ioctl)$/,
    why: "the host's terminal does too",
  },
  { role: /^0\.1\.1$/, call: /^(fchdir|getcwd)$/, why: "the working directory is / then" },
  { call: /^execve$/, why: "the next directory of PATH has it too" },
  ...["sched_getaffinity", "sched_getattr", "ioprio_get", "personality", "read", "lseek"].map(
    (call) => ({
      role: /^0\.1(\.1)?$/,
      call: new RegExp(`^${call}$`),
      detail: /^(\/dev\/null|4294967295|\/proc\/\d+\/(status|oom_score_adj)) /,
      why: "the own value, which is set then whatever it was; of the target's it is told",
    }),
  ),
  {
    role: /^0\.1(\.1)?$/,
    call: /^openat$/,
    detail: / self\/(status|oom_score_adj|attr\/current)$/,
    why: "the same",
  },
  { role: /^0\.1\.1$/, call: /^prctl$/, detail: /^30 /, why: "the same (PR_GET_TIMERSLACK)" },
  { role: /^0$/, call: /^lseek$/, detail: /status/, why: "fclose(3), of what was read already" },
  { role: /^0\.0$/, call: /^ptrace$/, detail: /^17 /, why: "its end detaches the target, too" },
];

/** A terminal's master takes no text (EIO) only when nobody has its other side open; else it is full. */
const likelyError = ({ call, detail }: Point): string =>
  call === "write" && detail.includes("ptmx") ? "EAGAIN" : (errors[call] ?? "EIO");

export function spoilsOf(point: Point): Spoil[] {
  const { call, detail } = point;
  if (call === "restart_syscall") return []; // the kernel's own word for a poll that was stopped
  const spoils: Spoil[] = [{ mode: "kill", point }];
  if (!cannotFail.has(call)) {
    spoils.push({ mode: "fail", point, errno: likelyError(point) });
  }
  const uninterruptible = /^\/(proc|sys)\//.test(detail);
  if (interrupted.has(call) && !uninterruptible)
    spoils.push({ mode: "fail", point, errno: "EINTR" });
  if (shortened.has(call) && !uninterruptible) spoils.push({ mode: "short", point });
  return spoils;
}

/** What is wrong with a run that never came to its point. */
export const missed = ({ call }: Point): string | undefined =>
  onTime.test(call) ? undefined : "never reached";

/** What is wrong with an outcome; undefined: it is clean. */
export function complaint(spoil: Spoil, outcome: Outcome): string | undefined {
  if (spoil.mode === "trace") return undefined;
  const { point } = spoil;
  if (!outcome.hit) return missed(point);
  if (outcome.left.length > 0) return outcome.left.join(", ");
  if (spoil.mode === "kill" && point.role === "0") return undefined;
  if (endedBeforeItsOptions(outcome)) return undefined;
  if (/ {"event":/.test(point.detail)) return outcome.code === commandCode ? undefined : "its code";
  const last = outcome.events.at(-1);
  if (last?.event !== "exit") return "no exit event";
  if (last.code !== outcome.code) return `exit code ${outcome.code}, event ${last.code}`;
  if (spoil.mode === "kill") return undefined;
  const error = outcome.events.find(({ event }) => event === "error");
  if (outcome.code === commandCode) {
    return isTold(outcome) || isTolerated(spoil, tolerated) ? undefined : "tolerated";
  }
  // A client that ends is a hangup, as when a tab is closed.
  if (point.role === "0.2" && outcome.code === 129) return undefined;
  if (![125, 126].includes(outcome.code ?? -1)) return `exit code ${outcome.code}`;
  if (!error?.stage) return "no stage";
  return spoil.errno === "EINTR" || spoil.mode === "short"
    ? `not tolerated: ${error.stage} ${error.call} ${error.errno}`
    : undefined;
}

/** Who enters has what could be had of the target, and tells what could not. */
const isTold = ({ events }: Outcome): boolean =>
  events.some(({ event, unfollowed }) => event === "ready" && unfollowed !== undefined);

/** Until it has read its options the launcher knows no status descriptor: it says on stderr what failed. */
export const endedBeforeItsOptions = ({ code, events, stderr }: Outcome): boolean =>
  code === 125 &&
  (events[0]?.stage === "options" || (events.length === 0 && /^terrarium: \w+: /.test(stderr)));

export function isTolerated(spoil: Spoil, rows: readonly Tolerated[]): boolean {
  if (spoil.mode !== "fail" || spoil.errno === "EINTR") return true;
  const { role, call, detail } = spoil.point;
  return rows.some(
    (row) =>
      (row.role?.test(role) ?? true) && row.call.test(call) && (row.detail?.test(detail) ?? true),
  );
}
