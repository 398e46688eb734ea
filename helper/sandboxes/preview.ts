import { join } from "node:path";
import { launcherPath } from "../launch/process.ts";
import { planCgroups } from "../limits/cgroups.ts";
import { deviceWall } from "../limits/deviceAccess.ts";
import { splitLimits } from "../limits/link.ts";
import { planScope } from "../limits/scope.ts";
import { namespaceFacts, namespaceTypes } from "../protocol/namespaces.ts";
import type { SandboxPlan } from "../protocol/plan.ts";
import { isNew } from "../protocol/sharing.ts";
import type { SandboxHost } from "./host.ts";
import { findJoined } from "./joined.ts";
import { checkSpec } from "./launchSandbox.ts";
import { linkOf } from "./link.ts";
import { newRecord } from "./newRecord.ts";
import { offsetLines, type PlanFacts, planRun, workdirInside } from "./plan/plan.ts";
import { type Occasion, planFacts } from "./plan/planFacts.ts";
import { planMounts } from "./plan/plannedMounts.ts";
import { planPrivileges } from "./plan/privileges.ts";
import type { SandboxRecord } from "./record.ts";
import { settleSharing } from "./sharing.ts";

/**
 * What `createSandbox` would do, by the same steps, and with nothing made, written or taken. Throws what
 * creating would throw before it starts: pathRefused, nameTaken, limitUnavailable.
 */
export async function planSandbox(host: SandboxHost, parameters: Occasion): Promise<SandboxPlan> {
  return (await planInFull(host, parameters)).plan;
}

/** The plan, and the environment with its values. */
export async function planInFull(
  host: SandboxHost,
  asked: Occasion,
): Promise<{ readonly plan: SandboxPlan; readonly environment: PlanFacts["environment"] }> {
  const parameters = { ...asked, spec: settleSharing(asked.spec, host.asker) };
  const sources = await checkSpec(host, parameters);
  const drawn = newRecord(host, parameters, host.registry.records());
  const cgroups = planCgroups(drawn.id, splitLimits(parameters.spec.limits).ofCgroups);
  const record = { ...drawn, cgroups: [...cgroups] };
  const socket =
    parameters.stdio === "none"
      ? undefined
      : join(host.registry.directoryOf(record.id), "attach.sock");
  const joined = findJoined(host, record.spec.namespaces);
  const facts = planFacts(host, record, parameters, { sources, socket, joined });
  const scope = planScope(record);
  return { plan: { ...describe(record, facts), scope, cgroups }, environment: facts.environment };
}

function describe(record: SandboxRecord, facts: PlanFacts): Omit<SandboxPlan, "scope" | "cgroups"> {
  const { identity } = facts;
  const mounts = planMounts(facts);
  return {
    id: record.id,
    name: record.name,
    hostname: record.hostname,
    command: record.command,
    workdir: workdirInside(facts),
    cloneFlags: namespaceTypes
      .filter((type) => isNew(facts.spec.namespaces, type))
      .map((type) => namespaceFacts[type].cloneFlag),
    joined: facts.joined.map(({ type, path }) => ({ type, path })),
    timeOffsets: offsetLines(facts.spec.timeOffsets),
    uid: identity.uid,
    gid: identity.gid,
    uidMap: identity.uidMap,
    gidMap: identity.gidMap,
    mounts,
    deviceWall: deviceWall(),
    link: linkOf(record),
    ...planPrivileges(facts.spec, identity, mounts),
    environment: Object.keys(facts.environment).sort(),
    launcher: [launcherPath(), "run", ...hideValues(planRun(facts)), "--", ...record.command],
    spec: { ...facts.spec, env: hideAll(facts.spec.env) },
  };
}

const hidden = "…";

function hideValues(options: readonly string[]): readonly string[] {
  return options.map((option, index) =>
    options[index - 1] === "--env" ? option.replace(/=.*/s, `=${hidden}`) : option,
  );
}

function hideAll(env: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.keys(env).map((name) => [name, hidden]));
}
