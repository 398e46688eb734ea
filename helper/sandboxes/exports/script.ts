import type { SandboxPlan } from "../../protocol/plan.ts";
import { namedUlimits } from "../plan/privileges.ts";

/** What the exports are made of: the plan, and the variables with their values. */
export interface ExportFacts {
  readonly plan: SandboxPlan;
  /** The values that the sandbox itself sets; those of `passEnv` come from whoever runs the command. */
  readonly environment: Readonly<Record<string, string>>;
  /** `spec.env` alone: an image brings the rest. */
  readonly set: Readonly<Record<string, string>>;
}

/** `"$NAME"`: a value that the shell that runs the command has. */
export function shellVariable(name: string): string {
  return `"$${name}"`;
}

/** Comments that say what is missing, then one command, an option a line. */
export function script(
  missing: readonly string[],
  lines: readonly (readonly string[])[],
  before: readonly string[] = [],
): string {
  const command = lines.map((words) => words.join(" ")).join(" \\\n  ");
  return [...missing.map(comment), ...before, command].join("\n");
}

/** One line, whatever a name holds: a line break would end the comment and begin a command. */
export function comment(text: string): string {
  return `# not expressed: ${text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "\u{fffd}")}`;
}

/** What no other tool's command line has. */
export function commonGaps({ mounts, spec }: SandboxPlan): string[] {
  const views = mounts.filter(({ view }) => view);
  const pinned = mounts.filter(({ kind }) => kind === "pin");
  return [
    ...(spec.seccomp === "none"
      ? []
      : ["the system-call filter of Terrarium; another tool has its own or none"]),
    ...landlockGap(spec),
    ...networkGap(spec),
    ...views.map(({ target }) => `the owners of the files in ${target}, which look like nobody's`),
    ...pinned.map(({ target }) => `${target} cannot be renamed or removed inside`),
    ...(spec.processes ?? []).slice(1).map(({ name }) => `process ${name}: it has one command`),
    ...(spec.timeout
      ? [`the sandbox is ended after ${spec.timeout}: put "timeout" before it`]
      : []),
  ];
}

function networkGap({ network }: SandboxPlan["spec"]): string[] {
  if (network?.mode !== "nat" && network?.mode !== "veth") return [];
  const kept = "the host's services, other containers and cloud metadata";
  return [`network ${network.mode}: its link, its rates, and the walls that keep it from ${kept}`];
}

function landlockGap({ landlock }: SandboxPlan["spec"]): string[] {
  const words = Object.entries(landlock ?? {}).map(([key, list]) => `${key} ${list?.join(" ")}`);
  return words.map((text) => `Landlock: ${text}`);
}

/** Tools for ordinary users keep none (bwrap(1), --cap-add). */
export function capabilityGap({ capabilities }: SandboxPlan): string[] {
  return capabilities.length > 0 ? [`capabilities inside: ${capabilities.join(" ")}`] : [];
}

/** prlimit(1), to put before a command that has no words for them. */
export function withUlimits({ spec }: SandboxPlan): string[][] {
  const limits = namedUlimits(spec.ulimits);
  const words = limits.map(([name, { soft, hard }]) => `--${name}=${soft}:${hard}`);
  return words.length > 0 ? [["prlimit", ...words]] : [];
}

/** `own`: the places where the tool has such a layer anyway. */
export function overlayGap({ mounts }: SandboxPlan, ...own: readonly string[]): string[] {
  const layers = mounts.filter(({ kind, target }) => kind === "overlay" && !own.includes(target));
  return layers.map(({ source, target }) =>
    source === undefined
      ? `a writable layer in memory over ${target}`
      : `a writable layer over ${target}, kept in ${source}`,
  );
}

export function idMapGap({ mounts, uidMap }: SandboxPlan): string[] {
  if (!mounts.some(({ idMapped }) => idMapped)) return [];
  return uidMap.map(
    ([, first, count]) =>
      `host ids ${first} to ${first + count - 1} with id-mapped mounts: run by root, root inside is the host's root`,
  );
}

export function limitsGap({ cgroups }: SandboxPlan): string[] {
  const writes = cgroups.flatMap((cgroup) => cgroup.writes);
  return writes.map(({ file, value }) => `cgroup limit ${file} = ${value}`);
}
