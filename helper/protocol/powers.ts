import { type NamespaceType, namespaceTypes } from "./namespaces.ts";
import type { SandboxSpecInput } from "./schemas.ts";
import { type NetworkMode, namespaceChoice } from "./sharing.ts";

/**
 * What a spec asks for beyond the default sandbox of its folder, a line each, for whoever is asked to agree;
 * what reaches furthest comes first. Names and paths are spelled as in the file. Empty: nothing more.
 */
export function powersOf(spec: SandboxSpecInput, folder: string): readonly string[] {
  return [
    ...namespaceTypes.flatMap((type) => sharingOf(spec, type)),
    ...[networkWords[spec.network?.mode ?? "none"] ?? []].flat(),
    ...(spec.seccomp === "none" ? ["may make every system call: no filter"] : []),
    ...(spec.noNewPrivileges === false ? ["may gain privileges by set-uid programs"] : []),
    ...line("has capabilities inside", spec.capabilities?.add),
    ...line("opens devices of the host", spec.devices),
    ...line("can change", sourcesOf(spec, folder, false)),
    ...line("can read", sourcesOf(spec, folder, true)),
    ...line("is given your variables", spec.passEnv),
  ];
}

/** What is the host's then. The clocks are so by default (namespaceChoice). */
const hostWords: Readonly<Partial<Record<NamespaceType, string>>> = {
  pid: "sees the host's processes",
  mnt: "uses the host's own mount points",
  net: "uses the host's network, with what listens on its loopback",
  user: "has no user ids of its own",
  uts: "has the host's name",
  ipc: "uses the host's System V IPC and message queues",
  cgroup: "sees the host's cgroup tree",
};

/** Of a network of its own. `host` is the host's net namespace, which hostWords tells. */
const networkWords: Readonly<Record<NetworkMode, string | undefined>> = {
  none: undefined,
  veth: "can be reached from this machine, by a network link",
  nat: "reaches the internet and the local network",
  host: undefined,
};

function sharingOf(
  { namespaces = {}, network }: SandboxSpecInput,
  type: NamespaceType,
): readonly string[] {
  const choice = namespaceChoice(namespaces, type);
  if (typeof choice === "object") return line(`joins the ${type} namespace of`, [choice.join]);
  const isHost = choice === "host" || (type === "net" && network?.mode === "host");
  return isHost ? [hostWords[type] ?? []].flat() : [];
}

/** Folders of the host that are mounted, the workspace itself apart: it is there without any file. */
function sourcesOf(
  { rootfs, overlay = "none", workspace, mounts = [] }: SandboxSpecInput,
  folder: string,
  readOnly: boolean,
): readonly string[] {
  const bound = mounts.flatMap((mount) =>
    mount.type === "bind" && (mount.readOnly ?? false) === readOnly ? [mount.source] : [],
  );
  const root =
    rootfs?.type === "directory" && readOnly === (overlay !== "none") ? [rootfs.path] : [];
  const own = workspace === undefined || readOnly ? [] : [workspace];
  return [...new Set([...root, ...own, ...bound])].filter((path) => path !== folder);
}

/** A question that is longer than the screen hides its own end. */
const shownNames = 5;
const shownCharacters = 80;

function line(what: string, names: readonly string[] = []): readonly string[] {
  if (names.length === 0) return [];
  const shown = names.slice(0, shownNames).map(shorten).join(", ");
  const others = names.length - shownNames;
  return [`${what}: ${shown}${others > 0 ? ` and ${others} more` : ""}`];
}

function shorten(name: string): string {
  return name.length > shownCharacters ? `${name.slice(0, shownCharacters)}…` : name;
}
