import { readCgroupMounts } from "../kernel/cgroupfs.ts";
import { TerrariumError } from "../protocol/errors.ts";
import { type HelperFacts, protocolVersion } from "../protocol/methods.ts";
import type { ParameterOutput } from "../protocol/schemas.ts";
import type { SandboxHost } from "../sandboxes/host.ts";
import { version } from "../version.ts";

/** A client that names no version (a script) is judged by the protocol alone. Throws wrongVersion. */
export function checkVersion(client: ParameterOutput<"initialize">): void {
  const helper = version();
  const { protocol, version: named = helper } = client;
  if (named !== helper) throw new TerrariumError("wrongVersion", { helper, client: named });
  if (protocol === protocolVersion) return;
  throw new TerrariumError("wrongVersion", {
    helper: `${helper} (protocol ${protocolVersion})`,
    client: `protocol ${protocol}`,
  });
}

/** Of a helper that works for the user that it runs as. */
export function helperFacts({ asker }: SandboxHost): HelperFacts {
  const { uid } = asker;
  return {
    version: version(),
    pid: process.pid,
    uid,
    asker: uid,
    privileged: uid === 0,
    seesAll: uid === 0,
    cgroupMode: readCgroupMounts().mode,
  };
}
