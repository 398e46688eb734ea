import { dirname, join } from "node:path";
import * as z from "zod/mini";
import type { Claim, Details, Engine, EngineHost, Found, StateFile } from "../engine.ts";
import { parseJson } from "../json.ts";
import { idInScope, isLongId, optionOf } from "../words.ts";

/**
 * Podman has no daemon: each container has a conmon, which is told its id and name. The cgroup is
 * `libpod-ID.scope` (systemd), `libpod-ID` (cgroupfs) or `libpod-payload-ID` (in the unit that started it).
 */
export const podman: Engine = {
  name: "podman",
  inCgroup: (name, above) => {
    const id = idInScope(name, "libpod-") ?? idInScope(name, "libpod-payload-");
    return id === undefined ? undefined : { engine: "podman", id, pod: podOf(above) };
  },
  monitors: { conmon: readConmon },
  readState: readStorage,
  socket: {
    paths: (_, uid) => [
      "/run/podman/podman.sock",
      ...(uid === 0 ? [] : [`/run/user/${uid}/podman/podman.sock`]),
    ],
    request: "/v4.0.0/libpod/containers/json?limit=4096",
    parse: parseContainers,
  },
};

/** The pod's cgroup above: `…-libpod_pod_ID.slice` of systemd, plain `ID` of cgroupfs. Only the socket tells names. */
function podOf(above: readonly string[]): Claim["pod"] {
  const holder = above.at(-1) ?? "";
  const id = /libpod_pod_([0-9a-f]{64})\.slice$/.exec(holder)?.[1] ?? holder;
  return isLongId(id) ? { name: id } : undefined;
}

/** `conmon -c ID -n NAME -b BUNDLE …`; CRI-O has a conmon, too, and tells it to write below `…/crio`. */
function readConmon(words: readonly string[]): Claim | undefined {
  const id = optionOf(words, "-c", "--cid");
  if (!isLongId(id)) return undefined;
  const name = optionOf(words, "-n", "--name");
  if (!words.some((word) => word.includes("/crio"))) return { engine: "podman", id, name };
  return { engine: "cri-o", id, ...kubeletName(name) };
}

/** `k8s_CONTAINER_POD_NAMESPACE_UID_ATTEMPT`, the name that the CRI gives; none of its parts may hold `_`. */
function kubeletName(name: string | undefined): Details {
  const [prefix, container, pod, namespace] = name?.split("_") ?? [];
  if (prefix !== "k8s" || pod === undefined) return { name };
  return { name: container, pod: { name: pod, namespace } };
}

const stored = z.array(
  z.object({
    id: z.string(),
    names: z.optional(z.array(z.string())),
    metadata: z.optional(z.string()),
  }),
);
const metadata = z.object({ "image-name": z.optional(z.string()) });

/** The second has those of `podman run --rm`, since Podman 4.4. */
const lists = ["containers.json", "volatile-containers.json"];

/** The lists of the storage that holds the bundle: ROOT/DRIVER-containers/ID/userdata (containers-storage). */
function readStorage({ id, monitor, uid }: Found, host: EngineHost): StateFile | undefined {
  const directory = monitor && optionOf(monitor.words, "-b", "--bundle");
  if (directory === undefined) return undefined;
  for (const list of lists) {
    const path = join(dirname(dirname(directory)), list);
    const found = host.readList(path, uid, parseStored).get(id);
    if (found) return { path, ...found };
  }
  return undefined;
}

function parseStored(text: string | undefined): ReadonlyMap<string, Details> {
  const containers = parseJson(stored, text) ?? [];
  return new Map(
    containers.map(({ id, names, metadata: written }) => [
      id,
      { name: names?.[0], image: parseJson(metadata, written)?.["image-name"] },
    ]),
  );
}

const listed = z.array(
  z.object({
    Id: z.string(),
    Names: z.optional(z.nullable(z.array(z.string()))),
    Image: z.optional(z.string()),
    PodName: z.optional(z.string()),
  }),
);

/** GET /libpod/containers/json of Podman's API. */
function parseContainers(answer: unknown): ReadonlyMap<string, Details> {
  const parsed = z.safeParse(listed, answer);
  return new Map(
    (parsed.data ?? []).map(({ Id, Names, Image, PodName }) => [
      Id,
      { name: Names?.[0], image: Image, pod: PodName ? { name: PodName } : undefined },
    ]),
  );
}
