import { readStat } from "../kernel/procfs.ts";
import { chooseShell } from "../launch/shell.ts";
import { TerrariumError } from "../protocol/errors.ts";
import type { SandboxSpec } from "../protocol/schemas.ts";
import { defaultName } from "./defaultName.ts";
import type { SandboxHost } from "./host.ts";
import { whoInside } from "./identity/whoInside.ts";
import { subnetOf } from "./link.ts";
import type { Occasion } from "./plan/planFacts.ts";
import type { ProcessIdentity, SandboxRecord } from "./record.ts";
import { newId } from "./registry.ts";

/**
 * The record of a sandbox that is about to be made: its id, name, host name, command and range of ids, none of
 * which `others` have. Throws nameTaken.
 */
export function newRecord(
  host: SandboxHost,
  { spec, keep, stdio }: Occasion,
  others: readonly SandboxRecord[],
): SandboxRecord {
  const { asker } = host;
  const id = newId();
  const names = new Set(others.map(({ name }) => name));
  const name = spec.name ?? defaultName(Number.parseInt(id, 16), names);
  if (names.has(name)) throw new TerrariumError("nameTaken", { name });
  return {
    format: 1,
    id,
    name,
    hostname: spec.hostname ?? defaultHostname(name),
    command: spec.processes ? [] : [...(spec.args ?? [defaultShell(spec, asker.shell)])],
    spec,
    owner: asker.uid,
    createdAtMs: Date.now(),
    keep,
    tty: stdio === "tty",
    ...whoInside(host, spec, others),
    subnet: subnetOf({ id, spec }, others),
    cgroups: [],
    lasting: false,
    namespaces: {},
  };
}

/** hostname(7) knows no underscore and no dot at an edge; a name may have both. */
function defaultHostname(name: string): string {
  const words = name.startsWith("terrarium-") ? name : `terrarium-${name}`;
  return words
    .replace(/[^A-Za-z0-9-]/g, "-")
    .slice(0, 63)
    .replace(/-+$/, "");
}

/** The asker's own shell on a view of the host, else whichever the root directory has. */
export function defaultShell(spec: SandboxSpec, userShell: string): string {
  if (spec.rootfs.type === "host") return chooseShell("/", userShell);
  // What is in a tarball is known when it is extracted.
  return spec.rootfs.type === "tarball" ? "/bin/sh" : chooseShell(spec.rootfs.path, undefined);
}

/** Throws noSuchProcess. */
export function processIdentity(pid: number): ProcessIdentity {
  const stat = readStat(pid);
  if (!stat) throw new TerrariumError("noSuchProcess", { pid });
  return { pid, startTimeTicks: stat.startTimeTicks };
}
