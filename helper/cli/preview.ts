import { formatBytes } from "../protocol/bytes.ts";
import { type ExportFormat, exportFormats } from "../protocol/exports.ts";
import type { HelperClient, ParameterInput } from "../protocol/methods.ts";
import type { PlannedMount, SandboxPlan } from "../protocol/plan.ts";
import { bothLimits, type Ulimit } from "../protocol/privileges.ts";
import { describeLink } from "../protocol/sharing.ts";
import { quote, shellWords } from "../protocol/shellWords.ts";
import { oneOf } from "./choice.ts";
import { jsonOption } from "./command.ts";
import { isSet, lastValue, type Option, type ParsedArguments } from "./options.ts";
import { formatFacts } from "./text.ts";

export const planOptions: readonly Option[] = [
  { name: "plan", help: "show what would be done, and do nothing" },
  {
    name: "as",
    argument: "TOOL",
    help: "print it as docker, podman, bwrap, unshare, oci",
  },
];

export const previewOptions: readonly Option[] = [
  ...planOptions,
  { ...jsonOption, help: "with --plan: one JSON document" },
];

/** Something is to be shown instead of done. */
export function isPreview(parsed: ParsedArguments): boolean {
  return isSet(parsed, "plan") || isSet(parsed, "as");
}

/** The plan, or what `--as` names. */
export async function preview(
  connection: HelperClient,
  parsed: ParsedArguments,
  parameters: ParameterInput<"sandbox/plan">,
): Promise<string> {
  const as = parseFormat(lastValue(parsed, "as"));
  if (as) return (await connection.request("sandbox/export", { ...parameters, as })).text;
  const plan = await connection.request("sandbox/plan", parameters);
  return isSet(parsed, "json") ? JSON.stringify(plan, null, 2) : describePlan(plan);
}

function parseFormat(text: string | undefined): ExportFormat | undefined {
  return text === undefined ? undefined : oneOf("--as", exportFormats, text);
}

function describePlan(plan: SandboxPlan): string {
  return formatFacts([
    ["name", plan.name],
    ["host name", plan.hostname],
    ["command", shellWords(plan.command)],
    ...(plan.spec.processes ?? []).map(
      ({ name, args }) => ["process", `${name}  ${args.map(quote).join(" ")}`] as const,
    ),
    ["working directory", plan.workdir],
    ["clone flags", plan.cloneFlags.join(" ")],
    ...plan.joined.map(({ type, path }) => ["joins", `${type}  ${path}`] as const),
    ["network", plan.link && describeLink(plan.link)],
    ...plan.timeOffsets.map((line) => ["time offset", line] as const),
    ...plan.uidMap.map((line) => ["uid map", line.join(" ")] as const),
    ...plan.gidMap.map((line) => ["gid map", line.join(" ")] as const),
    ["runs as", `${plan.uid}:${plan.gid} inside`],
    ["capabilities", describeCapabilities(plan)],
    ["new privileges", plan.spec.noNewPrivileges ? "none: no_new_privs" : "by set-uid programs"],
    ["seccomp", plan.spec.seccomp],
    ...Object.entries(plan.spec.ulimits).map(
      ([name, limit]) => ["ulimit", `${name} ${describeUlimit(limit)}`] as const,
    ),
    ...describeLandlock(plan.spec.landlock).map((line) => ["landlock", line] as const),
    ["root directory", plan.spec.readOnly ? "read-only" : "writable"],
    ...plan.mounts.map((mount) => ["mount", describeMount(mount)] as const),
    ["systemd unit", plan.scope && describeScope(plan.scope)],
    ...plan.cgroups.flatMap(({ directory, writes }) => [
      ["cgroup", directory] as const,
      ...writes.map(({ file, value }) => ["write", `${value} > ${directory}/${file}`] as const),
    ]),
    ["device wall", plan.deviceWall],
    ["environment", plan.environment.join(" ")],
    ["launcher", plan.launcher.map(quote).join(" ")],
  ]);
}

function describeScope({ unit, properties }: NonNullable<SandboxPlan["scope"]>): string {
  return `${unit}  (${properties.map(({ name, value }) => `${name}=${value}`).join(", ")})`;
}

function describeCapabilities({ ambient, capabilities }: SandboxPlan): string {
  if (capabilities.length === 0) return "none";
  return capabilities.join(" ") + (ambient ? "  (ambient)" : "");
}

function describeUlimit(limit: Ulimit): string {
  const { soft, hard } = bothLimits(limit);
  return `${soft}:${hard}`;
}

function describeLandlock(landlock: SandboxPlan["spec"]["landlock"]): string[] {
  const { readOnly, readWrite, scopes } = landlock ?? {};
  const files = readOnly || readWrite;
  return [
    ...(files ? [`reads below ${(readOnly ?? []).join(" ") || "nothing"}`] : []),
    ...(files ? [`writes below ${(readWrite ?? []).join(" ") || "nothing"}`] : []),
    ...(scopes?.length ? [`reaches outside neither ${scopes.join(" nor ")}`] : []),
  ];
}

function describeMount({ kind, source, target, ...mount }: PlannedMount): string {
  const ways = [
    mount.readOnly && "read-only",
    mount.recursive === false && "not recursive",
    mount.mode && `mode ${mount.mode}`,
    mount.sizeBytes && formatBytes(mount.sizeBytes),
    mount.idMapped && "id-mapped",
    mount.view && "owners shown, open as to a stranger",
  ]
    .filter(Boolean)
    .join(", ");
  const from = source?.trim().replaceAll("\n", "; ");
  return `${kind}  ${from === undefined ? "" : `${from} → `}${target}${ways && `  (${ways})`}`;
}
