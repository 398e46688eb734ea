import { join } from "node:path";
import * as z from "zod/mini";
import type { Engine, EngineHost, Found, StateFile } from "../engine.ts";
import { parseJson } from "../json.ts";
import { idInScope, optionOf } from "../words.ts";
import { podUid } from "./kubernetes.ts";
import { podSandbox } from "./podSandbox.ts";

/** CRI-O: `crio-ID.scope` in the pod's cgroup; `crio-conmon-ID.scope` holds the monitor, and is no container. */
export const crio: Engine = {
  name: "cri-o",
  inCgroup: (name, above) => {
    const id = idInScope(name, "crio-");
    if (id === undefined) return undefined;
    const uid = podUid(name, above);
    return { engine: "cri-o", id, pod: uid === undefined ? undefined : { name: uid } };
  },
  readState: readBundle,
};

const bundle = z.object({ annotations: z.optional(z.record(z.string(), z.string())) });

/** Annotations of CRI-O's own and the kubelet's labels (cri-o, internal/annotations), in the bundle of `conmon -b`. */
function readBundle({ monitor, uid }: Found, host: EngineHost): StateFile | undefined {
  const directory = monitor && optionOf(monitor.words, "-b", "--bundle");
  if (directory === undefined) return undefined;
  const path = join(directory, "config.json");
  const annotations = parseJson(bundle, host.read(path, uid))?.annotations;
  if (!annotations) return undefined;
  const name = annotations["io.kubernetes.pod.name"];
  const isPod = annotations["io.kubernetes.cri-o.ContainerType"] === "sandbox";
  return {
    path,
    name: isPod ? podSandbox : annotations["io.kubernetes.container.name"],
    image: annotations["io.kubernetes.cri-o.ImageName"],
    pod:
      name === undefined
        ? undefined
        : { name, namespace: annotations["io.kubernetes.pod.namespace"] },
  };
}
