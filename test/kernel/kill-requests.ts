import { TerrariumError } from "../../helper/protocol/errors.ts";
import type { HelperClient, ParameterInput } from "../../helper/protocol/methods.ts";

/** What helpers are asked for when they are killed, and what an answer promises. */

/** What the next helper has to find of a sandbox; `either` until an answer has come. */
export type Fate = "there" | "gone" | "either";

export interface Request {
  readonly what: string;
  readonly target: string;
  readonly whenAnswered: Fate;
  send(client: HelperClient): Promise<unknown>;
}

type Work = (target: string) => Request;
type Limits = ParameterInput<"limits/update">["limits"];

const args = ["sleep", "3600"];
/** Of a limit that is only tried out: it goes back as soon as whoever could keep it is dead. */
export const triedPids = 33;
const tried: Limits = { pidsMax: triedPids };
const memoryBytes = 50_331_648;
/** At the end of a name: its record stays when it is stopped. */
const lasting = "-lasting";

/** About a sandbox that is not there yet. */
export const makings: readonly Work[] = [
  (name) => making(name, (client) => create(client, { name, args })),
  (name) => making(name, (client) => create(client, { name, args, limits: { pidsMax: 50 } })),
  (name) => making(name, (client) => create(client, { name, args, userns: "root" })),
  (title) => {
    const target = title + lasting;
    return making(target, async (client) => {
      const spec = { name: target, args };
      await client.request("sandbox/create", { spec, stdio: "none", start: false });
      await client.request("sandbox/start", { target, stdio: "none" });
    });
  },
];

/** About one that is. */
export const uses: readonly Work[] = [
  (target) => asking("exec", target, (client) => exec(client, target, ["true"])),
  (target) => asking("exec", target, (client) => exec(client, target, args)),
  (target) => asking("limits", target, (client) => limit(client, target, { memoryBytes })),
  (target) => asking("limits", target, (client) => limit(client, target, tried, 600_000)),
  (target) => asking("pause", target, (client) => client.request("sandbox/pause", { target })),
  (target) => asking("resume", target, (client) => client.request("sandbox/unpause", { target })),
  (target) =>
    asking("start", target, (client) => client.request("sandbox/start", attended(target))),
  (target) => ({
    ...asking("stop", target, (client) => client.request("sandbox/stop", { target })),
    whenAnswered: target.endsWith(lasting) ? "there" : "gone",
  }),
  (target) => ({
    ...asking("remove", target, (client) =>
      client.request("sandbox/remove", { target, force: true }),
    ),
    whenAnswered: "gone",
  }),
];

function making(target: string, send: Request["send"]): Request {
  return { what: "create", target, whenAnswered: "there", send };
}

function asking(what: string, target: string, send: Request["send"]): Request {
  return {
    ...{ what, target, whenAnswered: "there" },
    send: (client) => send(client).catch(refusal),
  };
}

function attended(target: string) {
  return { target, stdio: "none" } as const;
}

function create(client: HelperClient, spec: ParameterInput<"sandbox/create">["spec"]) {
  return client.request("sandbox/create", { spec, stdio: "none" });
}

function exec(client: HelperClient, target: string, command: readonly string[]) {
  return client.request("sandbox/exec", { target, args: [...command], stdio: "none" });
}

function limit(client: HelperClient, target: string, limits: Limits, revertAfterMs?: number) {
  return client.request("limits/update", { target, limits, revertAfterMs });
}

/** Of one that is paused, not paused, runs already or has ended. Any other failure is the test's. */
const refusals = [
  "sandboxPaused",
  "sandboxNotPaused",
  "sandboxRunning",
  "sandboxNotRunning",
] as const;

function refusal(error: unknown): void {
  if (!refusals.some((code) => TerrariumError.is(error, code))) throw error;
}
