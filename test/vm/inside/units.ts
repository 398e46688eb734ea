import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { childCgroups, readCgroupMounts } from "../../../helper/kernel/cgroupfs.ts";
import { sliceName } from "../../../helper/systemd/units.ts";
import { eventually, terrarium } from "../../kernel/cli.ts";

/** What the systemd of the machine inside says of the units that sandboxes are in. */

const unified = readCgroupMounts().hierarchies.find(({ version }) => version === 2);
export const top = unified?.mountPoint ?? "";

export function systemctl(...words: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync("systemctl", words, { encoding: "utf8" });
  assert.equal(status, 0, stderr);
  return stdout.trim();
}

export function property(unit: string, name: string): string {
  return systemctl("show", unit, "--value", "--property", name);
}

/** The scopes that systemd knows, whatever their state is. */
export function scopes(): readonly string[] {
  const words = ["list-units", "--all", "--plain", "--no-legend", "terrarium-*.scope"];
  return systemctl(...words)
    .split("\n")
    .flatMap((line) => line.split(" ")[0] || []);
}

export function unitOf({ id }: { readonly id: string }): string {
  return `terrarium-${id}.scope`;
}

/** Systemd removes what is empty in its own time. */
export async function assertNoScopes(): Promise<void> {
  await eventually("every scope is gone", () => scopes().length === 0).catch(() => undefined);
  assert.deepEqual(scopes(), []);
  assert.deepEqual(childCgroups(join(top, sliceName)), []);
}

const looks = 10;

/** The same, with helpers that look after what killed ones have left when that is some seconds old. */
export async function assertNoScopesLater(): Promise<void> {
  for (let look = 1; scopes().length > 0 && look < looks; look += 1) {
    await sleep(1_000);
    await terrarium.run(["ps"]);
  }
  await assertNoScopes();
}
