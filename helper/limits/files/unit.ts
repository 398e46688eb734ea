import { basename, dirname } from "node:path";
import { readCgroupFile } from "../../kernel/cgroupfs.ts";
import { pageBytes } from "../../kernel/pageSize.ts";
import { pause } from "../../kernel/pause.ts";
import { setUnitProperty } from "../../systemd/manager.ts";

/** The attributes of a unit's own cgroup are systemd's to write: systemd.resource-control(5). */
const properties: Readonly<Record<string, string>> = {
  "memory.low": "MemoryLow",
  "memory.min": "MemoryMin",
};

const rounds = 200;
const roundMs = 10;

/** Answers what was refused, undefined once the file holds it: systemd writes when it has answered. */
export function writeUnit(unit: string, path: string, text: string): string | undefined {
  const name = properties[basename(path)];
  if (name === undefined) return "EPERM";
  if (isHeld(path, text)) return undefined;
  const refused = setUnitProperty(unit, { name, type: "t", value: text });
  if (refused !== undefined) return `systemd: ${refused}`;
  for (let round = 0; round < rounds; round += 1) {
    if (isHeld(path, text)) return undefined;
    pause(roundMs);
  }
  return "systemd has not written it";
}

/** The kernel counts in pages. */
function isHeld(path: string, text: string): boolean {
  const bytes = Number(text);
  const held = readCgroupFile(dirname(path), basename(path));
  return held !== undefined && Number(held) === bytes - (bytes % pageBytes());
}
