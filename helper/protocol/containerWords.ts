import type { EngineName, HostContainer, HostFacts } from "./hostTables.ts";
import { hierarchiesByUse } from "./tableIndexes.ts";
import { facts } from "./words.ts";

/** How containers of other engines are called, and what is told of them. */

/** What its engine calls it, else the beginning of its id as Docker shows it. */
export function containerLabel({ name, id }: HostContainer): string {
  if (name !== undefined && name !== "") return name;
  return /^\d+:\d+$/.test(id) ? "(unnamed)" : shortId(id);
}

/** With its engine, for questions and lists where no row stands beside it. */
export function containerTitle(container: HostContainer): string {
  const label = containerLabel(container);
  return label === "(unnamed)" ? `process ${container.pid}` : label;
}

/** Twelve of the 64 digits, as Docker has it. */
function shortId(id: string): string {
  return /^[0-9a-f]{64}$/.test(id) ? id.slice(0, 12) : id;
}

/** What tells it from others, where it has a name or an image; else what it is made of. */
export function whatItIs(container: HostContainer, command: string | undefined): string {
  const { image, pod } = container;
  const words = facts(image && shortImage(image), pod && podWords(pod));
  const isTold = words !== "" || !madeByNobody.has(container.engine);
  if (isTold && containerLabel(container) !== "(unnamed)") return words;
  const own = container.ownNamespaces.join(" ");
  const whose = `of process ${container.pid}${command === undefined ? "" : ` ${command}`}`;
  return facts(words, own === "" ? whose : `own ${own} ${whose}`);
}

/** What they are made of is all that is known of them. */
const madeByNobody: ReadonlySet<EngineName> = new Set(["unknown", "bubblewrap"]);

function podWords({ name, namespace }: NonNullable<HostContainer["pod"]>): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

/** `postgres:16` of `docker.io/library/postgres:16@sha256:…`. */
function shortImage(image: string): string {
  const name = image.replace(/^docker\.io\/(library\/)?/, "").replace(/@sha256:[0-9a-f]{64}$/, "");
  return /^sha256:[0-9a-f]{64}$/.test(name) ? name.slice(7, 19) : name;
}

/** Its cgroup's path, which every hierarchy that has it counts under; undefined where it has none of its own. */
export function usageTarget(
  { cgroups }: HostContainer,
  { host }: { readonly host: HostFacts },
): string | undefined {
  for (const { id, mountPoint } of hierarchiesByUse(host)) {
    const directory = cgroups[id];
    if (directory !== undefined) return pathBelow(directory, mountPoint);
  }
  return undefined;
}

function pathBelow(directory: string, mountPoint: string): string {
  return directory.startsWith(`${mountPoint}/`) ? directory.slice(mountPoint.length) : directory;
}
