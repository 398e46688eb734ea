import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { describe, type TestContext, test } from "node:test";
import { protocolVersion, requestCapBytes } from "../../helper/protocol/methods.ts";
import {
  agentOf,
  agentsOf,
  alice,
  bob,
  connectAs,
  end,
  type GateHelper,
  relayOf,
  speakFor,
  startGate,
} from "./gate.ts";
import { needsRoot } from "./isolated.ts";

/** Far more than root's helper needs; beyond that V8 ends it. */
const smallHeap = { NODE_OPTIONS: "--max-old-space-size=160" };

/** As many as fit into a request: each is three bytes there, and 67 in memory. */
function emptyObjects(bytes = requestCapBytes): string {
  return Array(Math.floor(bytes / 3) - 100)
    .fill("{}")
    .join();
}

/** Neither a message nor an answer to one; brackets in brackets, which somebody might word with indentation. */
function nonsense(): readonly string[] {
  const deep = `${"[".repeat(4_000)}${"]".repeat(4_000)}`;
  const all = `[${Array(120).fill(deep).join()}]`;
  return [`{"x":${all}}`, `{"jsonrpc":"2.0","id":null,"error":${all}}`];
}

const indentedBytes = 400 * 1024 * 1024;

/** VmHWM of proc_pid_status(5). */
function peakBytes({ process }: GateHelper): number {
  const status = readFileSync(`/proc/${process.pid}/status`, "utf8");
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]) * 1024;
}

const framed = (body: string) => `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

function openRaw(t: TestContext, { path, log }: GateHelper, uid: number) {
  const relay = relayOf(path, uid);
  t.after(() => end(relay));
  let heard = "";
  relay.stdout.on("data", (part) => {
    heard += part;
  });
  relay.stdin.on("error", () => undefined);
  const answers = () => heard.split('"id":').length - 1;
  return {
    say: (body: string) => relay.stdin.write(framed(body)),
    answers,
    /** However long that takes, while the helper lives. */
    hears: async (count: number) => {
      const ended = once(relay, "exit").then(() => {
        throw new Error(`root's helper has ended: ${log()}`);
      });
      while (answers() < count) await Promise.race([once(relay.stdout, "data"), ended]);
      ended.catch(() => undefined);
    },
  };
}

const request = (id: number, method: string, params: string) =>
  `{"jsonrpc":"2.0","id":${id},"method":"${method}","params":${params}}`;

const largeRequests = 8;

/** Two connections of hers whose agents do nothing, and which have said more than would fit into root's helper. */
async function openStopped(t: TestContext, gate: GateHelper) {
  const clients = [openRaw(t, gate, alice), openRaw(t, gate, alice)];
  for (const client of clients) client.say(request(0, "sandbox/list", "{}"));
  for (const client of clients) await client.hears(1);
  const agents = agentsOf(gate, alice);
  assert.equal(agents.length, clients.length);
  for (const agent of agents) process.kill(agent, "SIGSTOP");
  const large = `{"x":[${emptyObjects()}]}`;
  for (let id = 1; id <= largeRequests; id += 1)
    for (const client of clients) client.say(request(id, "sandbox/parse", large));
  return { clients, agents };
}

describe("root's helper keeps little of what one user says", needsRoot, () => {
  test("of large requests that are not over, and goes on when they are; small ones are served meanwhile", async (t) => {
    const gate = await startGate(t, smallHeap);
    const ofBob = await connectAs(t, gate.path, bob);
    const ofAlice = await connectAs(t, gate.path, alice);
    const { clients, agents } = await openStopped(t, gate);
    for (let turn = 0; turn < 100; turn += 1) await ofBob.request("sandbox/list", {});
    await ofAlice.request("initialize", { client: "test", protocol: protocolVersion });
    for (const client of clients) assert.equal(client.answers(), 1);
    for (const agent of agents) process.kill(agent, "SIGCONT");
    for (const client of clients) await client.hears(1 + largeRequests);
  });

  test("of what is no message", async (t) => {
    const gate = await startGate(t);
    const client = openRaw(t, gate, alice);
    for (const body of nonsense()) client.say(body);
    client.say(request(1, "sandbox/list", "{}"));
    await client.hears(1);
    assert.ok(peakBytes(gate) < indentedBytes, `${peakBytes(gate)}`);
  });

  test("of what an agent says that is no message", async (t) => {
    const gate = await startGate(t);
    const client = openRaw(t, gate, alice);
    client.say(request(1, "sandbox/list", "{}"));
    await client.hears(1);
    const agent = await agentOf(gate, alice);
    await speakFor(agent, alice, nonsense().map(framed).join(""));
    process.kill(agent, "SIGCONT");
    client.say(request(2, "sandbox/list", "{}"));
    await client.hears(2);
    assert.ok(peakBytes(gate) < indentedBytes, `${peakBytes(gate)}`);
  });
});
