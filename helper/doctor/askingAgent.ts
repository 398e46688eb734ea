import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { readCgroupPaths } from "../kernel/procfs.ts";
import { amiss, type Check, fine } from "./check.ts";

const busctl = "/usr/bin/busctl";
const loginctl = "/usr/bin/loginctl";
const tried = "to register as the agent of this session: polkit takes one only";
const cost = "Nobody can be asked for a password in a window: pkexec refuses.";
const fix = {
  words:
    "start the agent of your desktop (polkit-gnome, lxpolkit, mate-polkit …), or let the editor ask in a terminal, by sudo",
};

const registration = [
  "org.freedesktop.PolicyKit1",
  "/org/freedesktop/PolicyKit1/Authority",
  "org.freedesktop.PolicyKit1.Authority",
  "RegisterAuthenticationAgent",
];

/** Where two is one too many, one is there. Ours is gone with busctl's connection, before anybody could be asked by it. */
export const askingAgent: Check = {
  name: "an agent that asks",
  examine: ({ asker }) => {
    if (asker.uid === 0) return fine(tried, "not needed: this helper runs as root");
    if (!existsSync(busctl)) return amiss("lacking", tried, "there is no busctl", cost);
    const session = sessionOf(asker.uid);
    if (session === undefined) return amiss("lacking", tried, "no session of logind's", cost, fix);
    const answer = register(session);
    if (answer === undefined) return amiss("lacking", tried, "there is none", cost, fix);
    if (/already exists/.test(answer)) return fine(tried, "there is one");
    return { verdict: "unknown", tried, answer };
  },
};

/** The one that we are in; a program of the user's own systemd is in none, and belongs to the one with the screen. */
function sessionOf(uid: number): string | undefined {
  const paths = (readCgroupPaths("self") ?? []).map(({ path }) => path);
  const own = paths.map((path) => /\/session-(\w+)\.scope(\/|$)/.exec(path)?.[1]).find(Boolean);
  return (
    own ??
    (run([loginctl, "show-user", `${uid}`, "--property=Display", "--value"]).text || undefined)
  );
}

/** What polkit said against it. */
function register(session: string): string | undefined {
  const subject = ["unix-session", "1", "session-id", "s", session];
  const agent = ["C", "/io/github/terrarium/agent"];
  const options = ["--system", "--timeout=5", "call"];
  const { status, text } = run([
    busctl,
    ...options,
    ...registration,
    "(sa{sv})ss",
    ...subject,
    ...agent,
  ]);
  return status === 0 ? undefined : text;
}

function run([program = "", ...words]: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(program, words, {
    env: { LC_ALL: "C" },
    encoding: "utf8",
  });
  return { status, text: `${stdout ?? ""}${stderr ?? ""}`.trim() };
}
