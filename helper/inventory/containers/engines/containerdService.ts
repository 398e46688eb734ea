import { basename } from "node:path";
import type { Details, EngineService } from "../engine.ts";
import { fieldsOf, textMessage } from "../protobuf.ts";
import { optionOf } from "../words.ts";
import { podSandbox } from "./podSandbox.ts";

/**
 * What containerd itself knows of a container: its image is in no file but its database, and a name may be a label
 * alone. The shim's arguments say where it answers.
 */
export const containerdService: EngineService = {
  call: ({ id, monitor }) => {
    const path = monitor && optionOf(monitor.words, "-address");
    const namespace = monitor && optionOf(monitor.words, "-namespace");
    if (!path || !namespace) return undefined;
    return {
      path,
      method: "/containerd.services.containers.v1.Containers/Get",
      headers: { "containerd-namespace": namespace },
      message: textMessage(requestFields.id, basename(id)),
    };
  },
  parse: parseContainer,
};

/** Numbers of containerd's api/services/containers/v1/containers.proto. */
const requestFields = { id: 1 };
const answerFields = { container: 1 };
const containerFields = { labels: 2, image: 3 };
const entryFields = { key: 1, value: 2 };

function parseContainer(answer: Buffer): Details {
  const container = bytesOf(answer, answerFields.container);
  if (!container) return {};
  const labels = labelsOf(container);
  const kubelet = (key: string) => labels.get(`io.kubernetes.${key}`);
  const podName = kubelet("pod.name");
  return {
    name: nameOf(labels),
    image: textOf(container, containerFields.image),
    pod: podName === undefined ? undefined : { name: podName, namespace: kubelet("pod.namespace") },
  };
}

/** The kubelet's labels are those of the container, and the CRI says which one holds a pod (pkg/cri/labels). */
function nameOf(labels: ReadonlyMap<string, string>): string | undefined {
  if (labels.get("io.cri-containerd.kind") === "sandbox") return podSandbox;
  return labels.get("io.kubernetes.container.name") ?? labels.get("nerdctl/name");
}

function labelsOf(container: Buffer): ReadonlyMap<string, string> {
  const labels = new Map<string, string>();
  for (const { number, bytes } of fieldsOf(container)) {
    if (number !== containerFields.labels) continue;
    labels.set(textOf(bytes, entryFields.key) ?? "", textOf(bytes, entryFields.value) ?? "");
  }
  return labels;
}

function textOf(message: Buffer, field: number): string | undefined {
  return bytesOf(message, field)?.toString("utf8") || undefined;
}

/** Of a field that is there once; the last one counts, as the format says. */
function bytesOf(message: Buffer, field: number): Buffer | undefined {
  let found: Buffer | undefined;
  for (const { number, bytes } of fieldsOf(message)) if (number === field) found = bytes;
  return found;
}
