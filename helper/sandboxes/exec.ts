import { type EnterPlan, startEntered } from "../enter/enter.ts";
import { withIntegration } from "../enter/integration.ts";
import { ownNamespaces } from "../enter/namespaces.ts";
import { buildEnvironment } from "../launch/environment.ts";
import { chooseShell } from "../launch/shell.ts";
import { TerrariumError } from "../protocol/errors.ts";
import type { StartedProcess } from "../protocol/methods.ts";
import { namespaceTypes } from "../protocol/namespaces.ts";
import { mainProcess } from "../protocol/processes.ts";
import type { ParameterOutput } from "../protocol/schemas.ts";
import { checkExecEnding } from "./ending.ts";
import type { SandboxHost } from "./host.ts";
import { readMembers } from "./members.ts";
import { findRunning, isPaused } from "./pause.ts";

/**
 * One more process in a sandbox of ours, found by the registry and not by a pid that somebody gave. It
 * joins the sandbox's cgroups and pid namespace, so it is listed, limited and ended with it (in Docker a
 * background process started by exec is nobody's).
 */
export async function execInSandbox(
  host: SandboxHost,
  parameters: ParameterOutput<"sandbox/exec">,
): Promise<StartedProcess> {
  const record = findRunning(host.registry.records(), parameters.target);
  // It would be frozen in the middle of its start, and the client with it.
  if (isPaused(record)) throw new TerrariumError("sandboxPaused", { target: parameters.target });
  checkExecEnding(record);
  const main = mainProcess(readMembers([record]).get(record.id) ?? []);
  if (!main) throw new TerrariumError("sandboxNotRunning", { target: parameters.target });
  const { spec, identity } = record;
  const own = ownNamespaces();
  const shell = chooseShell(`/proc/${main.pid}/root`, record.command[0]);
  const plan: EnterPlan = {
    socket: host.registry.terminalSocket(),
    pid: main.pid,
    startTimeTicks: main.startTimeTicks,
    namespaces: namespaceTypes.filter((type) => record.namespaces[type] !== own[type]),
    follow: true,
    left: [],
    asRoot: false,
    seccomp: spec.seccomp === "none" ? "none" : "default",
    landlock: spec.landlock,
    cgroupDirectories: record.cgroups.map(({ directory }) => directory),
    workdir: parameters.workdir ?? spec.workdir ?? spec.workspace,
    environment: buildEnvironment({
      user: { name: identity.name, home: spec.rootfs.type === "host" ? identity.home : "/", shell },
      clientEnv: parameters.clientEnv,
      tty: parameters.stdio === "tty",
      set: { ...spec.env, ...parameters.env },
    }),
    args: parameters.args ?? [shell],
    stdio: parameters.stdio,
    owner: [host.asker.uid, host.asker.gid],
    title: record.name,
  };
  return startEntered(parameters.shellIntegration ? withIntegration(plan) : plan);
}
