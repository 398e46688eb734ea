import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { terrarium, uniqueName } from "./cli.ts";
import { addresses, connected, listen, type Machine, traffic } from "./internet.ts";
import { needsRoot } from "./isolated.ts";

/** What goes through a sandbox's network link, and what it is held to. */

/** An emulated machine carries so little a hundred times, too: test/vm/inside.ts. */
export const rate = process.env["TERRARIUM_EMULATED"] ? 125_000 : 1_000_000;
export const rateInBits = `${rate / 125}kbit`;
const nodeInside = ["-v", `${process.execPath}:${process.execPath}:ro`];
const nat = ["--userns", "root", "--network", "nat", "--dns", "192.0.2.1", ...nodeInside];

export function assertNear(measured: number, expected: number): void {
  const words = `${measured} bytes per second, where ${expected} are allowed`;
  assert.ok(Math.abs(measured - expected) <= expected / 10, words);
}

/** In a sandbox of its own. */
export const fresh = (...options: readonly string[]) => ["run", ...nat, ...options, "--"];

/** What gets through from inside, with more wanting to. */
export async function measureUp(
  t: TestContext,
  machine: Machine,
  inside: readonly string[],
  before = "",
) {
  const lines = await listen(t, machine, traffic.measure);
  const script = connected(addresses.internet, lines.port, traffic.send);
  const words = [...inside, "sh", "-c", `${before}exec "$0" -e "$1"`];
  await machine.client.run([...words, process.execPath, script]);
  return Number((await lines.next()).value);
}

export async function measureDown(t: TestContext, machine: Machine, inside: readonly string[]) {
  const { port } = await listen(t, machine, traffic.send);
  const script = connected(addresses.internet, port, traffic.measure);
  const ran = await machine.client.run([...inside, process.execPath, "-e", script]);
  return Number(ran.stdout);
}

export async function startLinked(t: TestContext, machine: Machine, options: readonly string[]) {
  const name = uniqueName();
  t.after(() => terrarium.run(["rm", "-f", name]));
  const words = ["run", "-d", "--name", name, ...nat, ...options, "--", "sleep", "600"];
  const { code, stdout, stderr } = await machine.client.run(words);
  assert.equal(code, 0, stderr);
  return { name, id: stdout.trim() };
}

/** Each on a machine of its own, and nearly all of it is waiting. */
export const besideEachOther = { ...needsRoot, concurrency: 4 };
