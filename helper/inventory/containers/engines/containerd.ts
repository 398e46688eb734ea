import { basename, dirname, join } from "node:path";
import * as z from "zod/mini";
import { readProcessLink } from "../../../kernel/procfs.ts";
import type { EngineName } from "../../../protocol/hostTables.ts";
import type { Claim, Details, Engine, EngineHost, Found, StateFile } from "../engine.ts";
import { parseJson } from "../json.ts";
import { idInScope, optionOf } from "../words.ts";
import { containerdService } from "./containerdService.ts";
import { podSandbox } from "./podSandbox.ts";

/**
 * containerd's own clients (ctr, nerdctl). Its cgroups are called `/NAMESPACE/ID`, by which nothing could be
 * told; the shim's arguments say both. Clients have namespaces of containerd: Docker `moby`, the CRI `k8s.io`.
 */
export const containerd: Engine = {
  name: "containerd",
  inCgroup: (name) => {
    const id = idInScope(name, "nerdctl-");
    return id === undefined ? undefined : { engine: "containerd", id };
  },
  monitors: { "containerd-shim": readShim },
  readState: readBundle,
  service: containerdService,
};

const engineOfNamespace: Readonly<Record<string, EngineName>> = {
  moby: "docker",
  "k8s.io": "kubernetes",
};

/** `containerd-shim-runc-v2 -namespace NAMESPACE -id ID …`; before containerd 1.4 the bundle alone: `-workdir …/ID`. */
function readShim(words: readonly string[]): Claim | undefined {
  const namespace = optionOf(words, "-namespace");
  const bundlePath = optionOf(words, "-workdir");
  const id = optionOf(words, "-id") ?? (bundlePath && basename(bundlePath));
  if (!namespace || !id) return undefined;
  const engine = Object.hasOwn(engineOfNamespace, namespace)
    ? engineOfNamespace[namespace]
    : undefined;
  if (engine) return { engine, id };
  // In another of containerd's namespaces the same id is another container.
  return { engine: "containerd", id: `${namespace}/${id}`, name: id };
}

const bundle = z.object({ annotations: z.optional(z.record(z.string(), z.string())) });

/**
 * config.json of the bundle. A shim works in its own: its working directory is the kernel's word. Those of a pod have
 * one shim together, and bundles beside its own. The annotations are the client's; the CRI writes pod and names there
 * (containerd, pkg/cri/annotations).
 */
export function readBundle({ id, monitor, uid }: Found, host: EngineHost): StateFile | undefined {
  const own = monitor && readProcessLink(monitor.process.pid, "cwd");
  const name = basename(id);
  if (own === undefined || !identifier.test(name)) return undefined;
  const path = join(dirname(own), name, "config.json");
  const found = parseJson(bundle, host.read(path, uid));
  return found && { path, ...annotated(found.annotations ?? {}) };
}

/** containerd's own rule (pkg/identifiers). */
const identifier = /^[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*$/;

function annotated(annotations: Readonly<Record<string, string>>): Details {
  const cri = (key: string) => annotations[`io.kubernetes.cri.${key}`];
  const podName = cri("sandbox-name");
  const isPod = cri("container-type") === "sandbox";
  return {
    name: cri("container-name") ?? (isPod ? podSandbox : annotations["nerdctl/name"]),
    image: cri("image-name"),
    pod: podName === undefined ? undefined : { name: podName, namespace: cri("sandbox-namespace") },
  };
}
