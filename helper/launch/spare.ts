import { type LauncherProcess, startLauncher } from "./process.ts";

/**
 * A helper that stays keeps one launcher that has been started already, from its first launch on: Node takes
 * as long to start a process as the kernel to make a sandbox. The spare holds nothing and has been told
 * nothing; when the helper ends, however it ends, so does the spare, which reads the end of its pipe.
 */

/** Starting a process blocks Node, and takes a processor that the sandbox could use meanwhile. */
const restMs = 25;

let isKept = false;
let spare: LauncherProcess | undefined;

/** For a helper that serves more than one request. */
export function keepSpareLauncher(): void {
  isKept = true;
}

/** One that inherits descriptors has to be started with them. */
export function takeLauncher(inherited: readonly number[] = []): LauncherProcess {
  if (inherited.length > 0) return startLauncher(inherited);
  const taken = spare ?? startLauncher();
  spare = undefined;
  if (isKept) setTimeout(prepareSpare, restMs).unref();
  return taken;
}

function prepareSpare(): void {
  if (spare) return;
  const started = startLauncher();
  // Somebody may end it.
  const forget = () => {
    if (spare === started) spare = undefined;
  };
  started.child.once("exit", forget).once("error", forget);
  spare = started;
}
