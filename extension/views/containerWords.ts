import type { EngineName, HostContainer } from "../../helper/protocol/hostTables.ts";
import type { RowIcon } from "./row.ts";
import { ageWords, facts } from "./words.ts";

/** How containers of other engines are called in rows, menus and questions. */

/** An engine as its makers write it, and what its containers are. */
export const engineWords: Readonly<
  Record<EngineName, { readonly title: string; readonly lesson: string; readonly icon: string }>
> = {
  terrarium: engine("Terrarium", "A sandbox of another user's."),
  docker: engine("Docker", "Made by Docker's daemon, by way of containerd and runc."),
  podman: engine("Podman", "Made by Podman: no daemon, its parent is conmon."),
  containerd: engine("containerd", "Made by containerd, which Docker and Kubernetes build on."),
  kubernetes: engine("Kubernetes", "One container of a pod, which Kubernetes looks after."),
  "cri-o": engine("CRI-O", "One container of a pod, made by CRI-O for Kubernetes."),
  lxc: engine("LXC", "A whole system: its own init, on the kernel of this machine."),
  nspawn: engine("systemd-nspawn", "A whole system, booted by systemd on this machine's kernel."),
  runc: engine("runc", "Made by runc, the runtime below most engines, without one above it."),
  crun: engine("crun", "Made by crun, a runtime written in C, without an engine above it."),
  bubblewrap: engine("bubblewrap", "A program that bubblewrap started in namespaces of its own."),
  flatpak: engine("Flatpak", "An app that Flatpak runs in a bubblewrap sandbox.", "window"),
  snap: engine("snap", "An app that snapd confines.", "window"),
  chromium: engine("Chromium", "The sandbox that a browser puts its own processes into.", "window"),
  unknown: engine(
    "unknown engine",
    "Nobody says who made it: its processes have namespaces of their own.",
    "circle-outline",
  ),
};

function engine(title: string, lesson: string, icon = "package") {
  return { title, lesson, icon };
}

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

export function containerIcon({ engine: name, state }: HostContainer): RowIcon {
  if (state === "paused") return { codicon: "debug-pause", color: "charts.yellow" };
  return { codicon: engineWords[name].icon };
}

/** `running 12 min`, `paused`. */
export function runningWords(state: string, startedAtMs: number | undefined, nowMs: number) {
  return state === "running" && startedAtMs !== undefined
    ? `running ${ageWords(nowMs - startedAtMs)}`
    : state;
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
