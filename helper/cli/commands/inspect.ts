import { formatBytes } from "../../protocol/bytes.ts";
import type {
  NamespaceShare,
  ProcessDetails,
  SandboxDetails,
  SupervisedFact,
} from "../../protocol/inventory.ts";
import { formatLimit, isTelling, limitFacts } from "../../protocol/limits.ts";
import type { HelperClient } from "../../protocol/methods.ts";
import { whose } from "../../protocol/namespaces.ts";
import { innerPid } from "../../protocol/processes.ts";
import { describeLink } from "../../protocol/sharing.ts";
import { clientEnvironment } from "../attach.ts";
import { type Command, exitCodes, jsonOption } from "../command.ts";
import { isolation, isolationOption } from "../isolation.ts";
import { isSet, lastValue, type ParsedArguments } from "../options.ts";
import { planOptions, preview } from "../preview.ts";
import { configOption, readConfig } from "../spec/config.ts";
import { asPid, onlyTarget } from "../target.ts";
import { formatFacts } from "../text.ts";
import { describeState } from "./ps.ts";

export const inspectCommand: Command = {
  name: "inspect",
  summary: "show what a sandbox or process is made of",
  usage: "inspect SANDBOX|PID|--config FILE [OPTIONS]",
  options: [isolationOption, ...planOptions, jsonOption, configOption],
  run: async ({ connection, print, colours }, parsed) => {
    if (isSet(parsed, isolationOption.name)) {
      print(await isolation(connection, parsed, colours));
      return exitCodes.ok;
    }
    const config = lastValue(parsed, configOption.name);
    if (config !== undefined) {
      print(await previewFile(connection, parsed, config));
      return exitCodes.ok;
    }
    const target = onlyTarget(parsed, "sandbox or process", "It shows one at a time.");
    const pid = asPid(target);
    const json = isSet(parsed, "json");
    if (pid === undefined) {
      const details = await connection.request("sandbox/inspect", { target });
      print(json ? JSON.stringify(details, null, 2) : describeSandbox(details));
    } else {
      const details = await connection.request("process/inspect", { pid });
      print(json ? JSON.stringify(details, null, 2) : describeProcess(details));
    }
    return exitCodes.ok;
  },
};

async function previewFile(connection: HelperClient, parsed: ParsedArguments, config: string) {
  const spec = await readConfig(connection, config);
  const parameters = { spec, stdio: "none", clientEnv: clientEnvironment(spec.passEnv) } as const;
  return preview(connection, parsed, parameters);
}

function describeSandbox(details: SandboxDetails): string {
  return formatFacts([
    ["id", details.id],
    ["name", details.name],
    ["state", describeState(details)],
    ["host name", details.hostname],
    ["command", details.command],
    ["root file system", describeRoot(details)],
    ...details.processes.map(
      (process) =>
        ["process", `${innerPid(process)} → ${process.pid}  ${process.command}`] as const,
    ),
    ...details.supervised.map((fact) => ["supervised", describeSupervised(fact)] as const),
    ...describeNamespaces(details.namespaces),
    ["network", details.link && describeLink(details.link)],
    ...details.uidMap.map((line) => ["uid map", line.join(" ")] as const),
    ["memory", details.memoryBytes === undefined ? undefined : formatBytes(details.memoryBytes)],
    ...details.limits
      .filter(isTelling)
      .map(
        ({ limit, value, file }) =>
          ["limit", `${limitFacts[limit].label} ${formatLimit(limit, value)}  ${file}`] as const,
      ),
    ...Object.entries(details.cgroups).map(([id, path]) => ["cgroup", `${id}  ${path}`] as const),
    ...details.mounts.map(
      ({ target, fileSystem, options }) =>
        ["mount", `${target}  ${fileSystem}  ${options}`] as const,
    ),
    ["mounts", details.mountsLeftOut > 0 ? `and ${details.mountsLeftOut} more` : undefined],
  ]);
}

/** `web  running as 20482, restarted 2 times`. */
function describeSupervised({ name, state, pid, restarts, ...last }: SupervisedFact): string {
  const ending = last.exitSignal ?? last.exitCode;
  const words = [
    pid === undefined ? state : `${state} as ${pid}`,
    ...(restarts > 0 ? [`restarted ${restarts} ${restarts === 1 ? "time" : "times"}`] : []),
    ...(ending === undefined ? [] : [`last ended with ${ending}`]),
  ];
  return `${name}  ${words.join(", ")}`;
}

function describeRoot({ spec }: SandboxDetails): string {
  return spec.rootfs.type === "host" ? "this host's, read-only" : spec.rootfs.path;
}

function describeProcess(details: ProcessDetails): string {
  return formatFacts([
    ["pid", details.nestedPids.join(" → ")],
    ["parent", details.parentPid],
    ["command", details.commandLine || details.command],
    ["user", `${details.user} (${details.uid})`],
    ["sandbox", details.sandbox],
    ["executable", details.executable],
    ["working directory", details.workingDirectory],
    ["root", details.root],
    ...describeNamespaces(details.namespaces),
    ...Object.entries(details.cgroups).map(([id, path]) => ["cgroup", `${id}  ${path}`] as const),
    ["capabilities", details.effectiveCapabilities.join(" ") || "none"],
    ["bounding set", details.boundingCapabilities.join(" ") || "none"],
    ["no new privileges", details.noNewPrivileges ? "yes" : "no"],
    ["seccomp", details.seccomp],
  ]);
}

function describeNamespaces(shares: readonly NamespaceShare[]) {
  return shares.map(
    (share) => ["namespace", `${share.type}  ${share.inode}  ${whose(share)}`] as const,
  );
}
