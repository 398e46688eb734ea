import {
  type Evidence,
  evidenceSources,
  type HostContainer,
  type HostProcess,
} from "../../protocol/hostTables.ts";
import { type NamespaceType, namespaceTypes } from "../../protocol/namespaces.ts";
import { printable } from "../../protocol/printable.ts";
import { isOwnOf } from "./byNamespace.ts";
import type { Draft } from "./draft.ts";
import type { Details } from "./engine.ts";
import type { Host } from "./facts.ts";

/** What files and sockets said later. */
export interface Learnt extends Details {
  readonly evidence: readonly Evidence[];
}

export interface RowContext {
  readonly host: Host;
  readonly parent: string | undefined;
  /** Topmost process of the container around it. */
  readonly around: HostProcess | undefined;
  readonly cgroups: Readonly<Record<string, string>>;
  readonly isPaused: boolean;
  readonly learnt: Learnt | undefined;
  /** When its topmost process started. */
  readonly startedAtMs: number;
}

/** Longer ones are cut: ids of 64 digits, names of 255 bytes and the kubelet's longest fit. */
const idLength = 255;
const nameLength = 255;
const detailLength = 256;

/** The row of the table, from which nothing can be injected into a tree, a terminal or a log. */
export function rowOf(draft: Draft, context: RowContext): HostContainer {
  const { claim, topmost, user } = draft;
  const { learnt } = context;
  const ownNamespaces = ownOf(topmost, context);
  return {
    engine: claim.engine,
    id: printable(claim.id, idLength),
    name: cut(learnt?.name ?? claim.name),
    image: cut(learnt?.image ?? claim.image),
    state: context.isPaused ? "paused" : "running",
    pid: topmost.pid,
    startTimeTicks: topmost.startTimeTicks,
    startedAtMs: learnt?.startedAtMs ?? claim.startedAtMs ?? context.startedAtMs,
    pod: podOf(learnt?.pod ?? claim.pod),
    user,
    parent: context.parent,
    cgroups: context.cgroups,
    ownNamespaces,
    evidence: evidenceOf(draft, learnt, ownNamespaces),
  };
}

function cut(text: string | undefined): string | undefined {
  return text ? printable(text, nameLength) : undefined;
}

function podOf(pod: HostContainer["pod"]): HostContainer["pod"] {
  return pod && { name: cut(pod.name) ?? "", namespace: cut(pod.namespace) };
}

function ownOf(topmost: HostProcess, { around, host }: RowContext): readonly NamespaceType[] {
  return namespaceTypes.filter((type) => isOwnOf(topmost, around, type, host));
}

function evidenceOf(
  { evidence, monitor }: Draft,
  learnt: Learnt | undefined,
  own: readonly NamespaceType[],
): readonly Evidence[] {
  const found: Evidence[] = [...(learnt?.evidence ?? []), ...evidence];
  if (monitor) found.push({ source: "parent process", detail: monitor.commandLine });
  if (own.length > 0) found.push({ source: "namespaces", detail: `own ${own.join(", ")}` });
  const strength = ({ source }: Evidence) => evidenceSources.indexOf(source);
  return found
    .sort((a, b) => strength(a) - strength(b))
    .map(({ source, detail }) => ({ source, detail: printable(detail, detailLength) }));
}
