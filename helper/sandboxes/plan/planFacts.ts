import { buildEnvironment } from "../../launch/environment.ts";
import { deviceOf } from "../../network/device.ts";
import type { ParameterOutput, SandboxSpec } from "../../protocol/schemas.ts";
import type { SandboxHost } from "../host.ts";
import type { Asker, SandboxIdentity } from "../identity/identity.ts";
import { layerDirectory } from "../kept/layers.ts";
import { defaultShell } from "../newRecord.ts";
import { protections } from "../paths.ts";
import type { SandboxRecord } from "../record.ts";
import { ownResolver } from "../resolver.ts";
import { readHostView, readResolver } from "./hostView.ts";
import type { PlanFacts } from "./plan.ts";

/** A spec, and how it is attended when it is launched: what a creation says, or a record and a start. */
export type Occasion = Pick<
  ParameterOutput<"sandbox/create">,
  "spec" | "stdio" | "keep" | "dieWith" | "clientEnv" | "shellIntegration"
>;

/** Gathers what the plan of a launch depends on; the same for a launch and for a look at it beforehand. */
export function planFacts(
  host: SandboxHost,
  record: SandboxRecord,
  { spec, stdio, keep, dieWith, clientEnv }: Occasion,
  { sources, socket, joined }: Pick<PlanFacts, "sources" | "socket" | "joined">,
): PlanFacts {
  const { identity } = record;
  return {
    spec,
    sources,
    identity,
    hostname: record.hostname,
    joined,
    hostView: readHostView(),
    resolver: readResolver(),
    nameServers: ownResolver(spec),
    protections: spec.workspace ? protections(spec.workspace) : { pinned: [], readOnly: [] },
    layer: spec.overlay === "kept" ? layerDirectory(record.name) : undefined,
    cgroupDirectories: record.cgroups.map(({ directory }) => directory),
    environment: buildEnvironment({
      user: userInside(host.asker, identity, spec),
      clientEnv,
      tty: stdio === "tty",
      passEnv: spec.passEnv,
      set: spec.env,
    }),
    stdio,
    owner: [host.asker.uid, host.asker.gid],
    socket,
    nftTable: record.subnet === undefined ? undefined : deviceOf(record.id),
    stateDirectory: host.registry.directoryOf(record.id),
    keepState: keep,
    dieWith,
  };
}

function userInside(asker: Asker, identity: SandboxIdentity, spec: SandboxSpec) {
  const home = spec.rootfs.type === "host" ? identity.home : "/";
  return { name: identity.name, home, shell: defaultShell(spec, asker.shell) };
}
