import type { HelperState } from "../connection/helper.ts";
import { obstacleOf } from "../connection/obstacles.ts";

/** The helper's state in a line or two: who it is, why that one, and which cgroups this machine has. */
export function helperWords(state: HelperState): string {
  switch (state.kind) {
    case "unsupported":
      return "This machine does not run Linux";
    case "stopped":
      return "Helper stopped: it starts when needed";
    case "starting":
      return "Helper is starting";
    case "restarting":
      return "Helper ended and is started again";
    case "failed":
      return state.reason;
    case "running":
      return runningWords(state);
  }
}

function runningWords({ facts, choice }: Extract<HelperState, { kind: "running" }>): string {
  const { version, privileged, uid, asker, cgroupMode } = facts;
  const root = asker === uid ? "root" : `root, for user id ${asker}`;
  const who = privileged ? root : `rootless (uid ${asker})`;
  const line = `Helper ${version} · ${who}: ${choice.why} · cgroup ${cgroupMode}`;
  return choice.lacks === undefined ? line : `${line}\n${obstacleOf(choice.lacks).words}`;
}
