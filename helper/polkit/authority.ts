import { spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import * as z from "zod/mini";
import type { AuthorisationRefusal } from "../protocol/errors.ts";
import { busctlPath } from "../systemd/busctl.ts";

/**
 * What is asked of polkit, by busctl(1): org.freedesktop.PolicyKit1.Authority. Nobody is asked by it whom the
 * machine's policy does not name, and without an answer nothing is allowed.
 */

/** The process that asks, by three names: which of them polkit goes by is its own matter (since 124: the pidfd). */
export interface Subject {
  readonly uid: number;
  readonly pid: number;
  readonly startTimeTicks: number;
  readonly pidfd: number;
}

export interface Question {
  /** `io.github.terrarium.enter`. */
  readonly action: string;
  /** What a dialogue says in place of the action's own sentence. */
  readonly message?: string | undefined;
  /** Whether a person may be asked; otherwise only what the policy says by itself counts. */
  readonly mayAsk: boolean;
}

export type Verdict = "authorised" | AuthorisationRefusal;

/** A person reads, finds a password, types. */
const answerTimeoutSeconds = 300;
const authority = [
  "org.freedesktop.PolicyKit1",
  "/org/freedesktop/PolicyKit1/Authority",
  "org.freedesktop.PolicyKit1.Authority",
];
const signature = "(sa{sv})sa{ss}us";
/** AllowUserInteraction. */
const mayAskFlag = 1;

export async function checkAuthorization(subject: Subject, question: Question): Promise<Verdict> {
  const said = await ask(subject, question, true);
  // A busctl that cannot pass descriptors (systemd before 256) says so before it asks anything.
  const answer = said.refused ? await ask(subject, question, false) : said;
  return verdictOf(answer.text);
}

interface Said {
  readonly text: string;
  readonly refused: boolean;
}

async function ask(subject: Subject, question: Question, byPidfd: boolean): Promise<Said> {
  const path = busctlPath();
  if (path === undefined) return { text: "", refused: false };
  const child = spawn(path, [...options, ...words(subject, question, byPidfd)], {
    env: { LC_ALL: "C" },
    cwd: "/",
    stdio: ["ignore", "pipe", "pipe", ...(byPidfd ? [subject.pidfd] : [])],
  });
  child.on("error", () => undefined);
  const [out, errors] = await Promise.all([textOf(child.stdout), textOf(child.stderr)]);
  return { text: out, refused: byPidfd && out === "" && !errors.startsWith("Call failed") };
}

async function textOf(stream: Readable | null): Promise<string> {
  return stream === null ? "" : text(stream).catch(() => "");
}

const options = ["--system", "--json=short", `--timeout=${answerTimeoutSeconds}`, "call"];

function words(
  { uid, pid, startTimeTicks, pidfd: _ }: Subject,
  { action, message, mayAsk }: Question,
  byPidfd: boolean,
): readonly string[] {
  const names = [
    ...["pid", "u", `${pid}`, "start-time", "t", `${startTimeTicks}`, "uid", "i", `${uid}`],
    ...(byPidfd ? ["pidfd", "h", `${inheritedPidfd}`] : []),
  ];
  const details = message === undefined ? [] : ["polkit.message", message];
  return [
    ...[...authority, "CheckAuthorization", signature],
    ...["unix-process", `${names.length / 3}`, ...names],
    ...[action, `${details.length / 2}`, ...details],
    ...[`${mayAsk ? mayAskFlag : 0}`, ""],
  ];
}

/** Its place among the descriptors of busctl. */
const inheritedPidfd = 3;

/** (is_authorized, is_challenge, details) */
const result = z.object({
  data: z.tuple([z.tuple([z.boolean(), z.boolean(), z.record(z.string(), z.string())])]),
});

/** `is_challenge` after somebody might have been asked: nobody was there to ask. */
export function verdictOf(json: string): Verdict {
  const parsed = result.safeParse(parse(json));
  if (!parsed.success) return "noPolkit";
  const [isAuthorised, isChallenge, details] = parsed.data.data[0];
  if (isAuthorised) return "authorised";
  if (details["polkit.dismissed"] !== undefined) return "dismissed";
  return isChallenge ? "noAgent" : "denied";
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
