import { parseProcessTarget } from "../../inspect/sameProcess.ts";
import { userName } from "../../kernel/identity.ts";
import { readStat, readStatus } from "../../kernel/procfs.ts";
import type { ProcessStatus } from "../../kernel/proctext.ts";
import { identityOf } from "../../limits/identity.ts";
import { TerrariumError } from "../../protocol/errors.ts";
import type { MethodName } from "../../protocol/methods.ts";
import { printable } from "../../protocol/printable.ts";
import type { ParameterOutput } from "../../protocol/schemas.ts";
import { findCgroupTarget } from "../../sandboxes/cgroupTarget.ts";
import { processToEnter } from "../../sandboxes/entryTarget.ts";
import type { SandboxHost } from "../../sandboxes/host.ts";

/**
 * What root is asked to do to something that is not the asker's, in words for who decides. The parameters name that
 * very thing, and no later one of its number or path: minutes may go by before somebody answers.
 */
export interface Pinned<P> {
  readonly what: string;
  /** In the place of what the client said. */
  readonly parameters: Partial<P>;
  readonly process?: ProcessStatus | undefined;
}

type Pins = {
  readonly [M in AskedMethod]: (
    host: SandboxHost,
    parameters: ParameterOutput<M>,
  ) => Pinned<ParameterOutput<M>> | Promise<Pinned<ParameterOutput<M>>>;
};

export function isAskedMethod(name: MethodName): name is AskedMethod {
  return name in pins;
}

export type AskedMethod = "process/enter" | "process/kill" | "limits/update";

export const pins: Pins = {
  "process/enter": async (host, parameters) => {
    const { pid, ...asked } = await processToEnter(host, parameters);
    refuseMore(pid, parameters);
    const { words, status, startTimeTicks } = processOf({ pid, ...asked });
    const pinned = { pid, startTimeTicks, target: undefined };
    return { what: `enter ${words}`, parameters: pinned, process: status };
  },
  "process/kill": (_, parameters) => ({
    what: `send ${parameters.signal} to ${processOf(parameters).words}`,
    parameters: {},
  }),
  "limits/update": (host, parameters) => {
    const process = parseProcessTarget(parameters.target);
    if (process) {
      const { words, startTimeTicks } = processOf(process);
      const target = `${process.pid}@${startTimeTicks}`;
      return { what: `change limits of ${words}`, parameters: { target } };
    }
    const { identity = identityOf(findCgroupTarget(host, parameters.target)) } = parameters;
    const what = `change limits of the cgroup ${printable(parameters.target, 200)}`;
    return { what, parameters: { identity } };
  },
};

/** Before anybody is asked for what would be refused all the same (enter/guest.ts). */
function refuseMore(
  pid: number,
  { asRoot, follow, only, thaw }: ParameterOutput<"process/enter">,
): void {
  if (!asRoot && !thaw && (only !== undefined || follow.includes("identity"))) return;
  const what = thaw
    ? `let what holds process ${pid} run again`
    : `enter process ${pid} with more rights than it has`;
  throw new TerrariumError("notAuthorised", { what, why: "asItIsOnly" });
}

interface Described {
  /** `process 812 (nginx) of www-data` */
  readonly words: string;
  readonly status: ProcessStatus;
  readonly startTimeTicks: number;
}

/** Throws noSuchProcess. That it is there everybody may know: kill(2) tells it. */
function processOf({
  pid,
  startTimeTicks,
}: {
  readonly pid: number;
  readonly startTimeTicks?: number | undefined;
}): Described {
  const status = readStatus(pid);
  const stat = readStat(pid);
  const isIt = startTimeTicks === undefined || stat?.startTimeTicks === startTimeTicks;
  if (!stat || !status || !isIt) throw new TerrariumError("noSuchProcess", { pid });
  const user = userName(status.uid.effective);
  const words = `process ${pid} (${printable(stat.command)}) of ${user}`;
  return { words, status, startTimeTicks: stat.startTimeTicks };
}
