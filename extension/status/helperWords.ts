import type { HelperState } from "../connection/helper.ts";

/** The helper's state in one line: who it is and which cgroups this machine has. */
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
    case "running": {
      const { version, privileged, uid, cgroupMode } = state.facts;
      return `Helper ${version} · ${privileged ? "root" : `rootless (uid ${uid})`} · cgroup ${cgroupMode}`;
    }
  }
}
