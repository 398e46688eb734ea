import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import {
  commandCode,
  isTolerated,
  missed,
  type Tolerated,
  toleratedAnywhere,
} from "./fault-rules.ts";
import { home, type Place, type Scene, setUp, socket, sweep } from "./fault-scenes.ts";
import type { Injector, Outcome, Spoil } from "./injector.ts";
import { hostPrograms, idMaps, launcherPath, start } from "./launcher.ts";

/** Reads the line that waits in the client's terminal. */
const command = ["--", "/bin/sh", "-c", "echo said; read -r line; exit 7"];

const killedCode = 137;

/** Of a session whose client goes: before the command, as it gets its terminal, and later (SIGHUP, SIGPIPE). */
const endings = new Set<number | null>([commandCode, 125, 126, 129, 141]);

/** Of `launcher attach`, in a terminal, to a sandbox that another launcher holds. */
export const attachScenes: readonly Scene[] = [
  { name: "attach to a terminal", options: ["--tty"] },
  { name: "attach to a session without a terminal", options: [] },
].map(({ name, options }) => ({
  name,
  play: (injector, place, spoil) => playAttach(injector, place, spoil, options),
  complaint,
}));

async function playAttach(
  injector: Injector,
  place: Place,
  spoil: Spoil,
  options: readonly string[],
): Promise<Outcome> {
  setUp(place);
  const sandbox = ["run", ...idMaps, ...hostPrograms, ...home(place), "--listen", socket(place)];
  const session = start([...sandbox, ...options, ...command]);
  await session.ready;
  const outcome = await injector.run(["attach", socket(place)], spoil, { terminal: true });
  const client = existsSync(socket(place)) ? attachAnother(place) : undefined;
  const { code, events } = await session.ended;
  client?.kill();
  const wrong = endings.has(code) && events.at(-1)?.code === code ? [] : [`session: ${code}`];
  return { ...outcome, left: [...outcome.left, ...wrong, ...sweep(place, false)] };
}

/** The next client may have the session that the spoiled one never reached. */
function attachAnother(place: Place): ChildProcess {
  return spawn(launcherPath, ["attach", socket(place)], { stdio: "ignore" });
}

/** What a client may fail to do without failing, and why. */
const tolerated: readonly Tolerated[] = [
  ...toleratedAnywhere,
  {
    call: /^ioctl$/,
    detail: / 2150[57]$/,
    why: "a terminal of which nothing is known stays as it is",
  },
  {
    call: /^ioctl$/,
    detail: / 215(23|24)$/,
    why: "its size is unknown then, and of what may be one",
  },
  { call: /^read$/, detail: /ptmx|pts|pipe/, why: "EIO is how a terminal's end is told" },
  { call: /^recvmsg$/, detail: /socket/, why: "its code was told before, or it would be 125" },
  { call: /^write$/, detail: /ptmx/, why: "the text waits" },
  { call: /^write$/, detail: /pts|pipe/, why: "nobody is there to see or read it" },
  {
    call: /^(fcntl|fstat|openat|dup3|dup2)$/,
    detail: /null/,
    why: "the reader sees the end later",
  },
];

/** Of TCSETSW, the second: the kernel itself has refused to restore the modes. */
const leavesModes = ({ mode, point }: Planned): boolean =>
  mode === "fail" && point.call === "ioctl" && / 21507$/.test(point.detail);

type Planned = Exclude<Spoil, { readonly mode: "trace" }>;

/** What is wrong with an outcome; undefined: it is clean. */
function complaint(spoil: Spoil, outcome: Outcome): string | undefined {
  if (spoil.mode === "trace") return undefined;
  // Which end is told first, the session's or its terminal's, decides whether the socket is closed.
  if (!outcome.hit) return spoil.point.call === "close" ? undefined : missed(spoil.point);
  const left = outcome.left.filter((what) => !(what === "left modes" && leavesModes(spoil)));
  if (left.length > 0) return left.join(", ");
  if (outcome.code === 125) return complaintOfRefusal(spoil, outcome);
  const expected = spoil.mode === "kill" ? killedCode : commandCode;
  if (outcome.code !== expected) return `exit code ${outcome.code}`;
  return isTolerated(spoil, tolerated) ? undefined : "tolerated";
}

function complaintOfRefusal({ mode, errno }: Planned, { stderr }: Outcome): string | undefined {
  if (mode !== "fail" || errno === "EINTR") return `not tolerated: ${stderr}`;
  return /^terrarium: \w+: \w+.*: \S/.test(stderr) ? undefined : `no reason: ${stderr}`;
}
