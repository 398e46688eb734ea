import { keepTaskIterator } from "../inventory/tasks.ts";
import { keepSpareLauncher } from "../launch/spare.ts";
import { auditToStderr } from "../sandboxes/audit.ts";
import { openSandboxHost } from "../sandboxes/host.ts";
// What a request imports when it comes: by then a later build may have taken the file away.
import "../doctor/report.ts";
import "../enter/preview.ts";
import "../events/timeline.ts";
import "../sandboxes/compare.ts";
import "../sandboxes/isolation.ts";
import "../sandboxes/limits.ts";
import "../sandboxes/specFile.ts";
import "../sandboxes/updateLimits.ts";
import "../usage/feed.ts";
import { serve } from "../server/connection.ts";
import { shareEvents } from "../server/events.ts";
import { listen } from "../server/socket.ts";
import { shareInventory } from "../server/watch.ts";

/** The editor's helper: lives exactly as long as its standard input. */
export function serveStdio(): void {
  keepSpareLauncher();
  keepTaskIterator();
  const host = openSandboxHost(auditToStderr);
  const { stdin: input, stdout: output } = process;
  const served = serve(
    { host, events: shareEvents(host), inventory: shareInventory(host) },
    { uid: host.asker.uid },
    { input, output },
  );
  input.once("close", () => {
    served.dispose();
    process.exit();
  });
}

export async function serveSocket(path: string): Promise<void> {
  keepSpareLauncher();
  keepTaskIterator();
  const server = await listen(openSandboxHost(auditToStderr), path);
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      server.close();
      process.exit();
    });
  }
}
