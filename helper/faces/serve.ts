import type { Server } from "node:net";
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
import { TerrariumError } from "../protocol/errors.ts";
import { ownSocket } from "../protocol/helperSockets.ts";
import { serve } from "../server/connection.ts";
import { shareEvents } from "../server/events.ts";
import { inheritedSocket } from "../server/inherited.ts";
import { listen, listenOn } from "../server/socket.ts";
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

/** Without a path: `sudo terrarium helper --socket`, where the one who ran sudo looks for it. */
export async function serveSocket(path = sudoersSocket()): Promise<void> {
  keepSpareLauncher();
  keepTaskIterator();
  endBySignal(await listen(openSandboxHost(auditToStderr), path));
}

/** The socket that systemd listens on and hands over: sd_listen_fds(3). One process for all clients. */
export async function serveSystemd(): Promise<void> {
  const descriptor = inheritedSocket();
  keepSpareLauncher();
  keepTaskIterator();
  const server = await listenOn(openSandboxHost(auditToStderr), descriptor);
  endWhenIdle(server);
  endBySignal(server);
}

function endBySignal(server: Server): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => {
      server.close();
      process.exit();
    });
  }
}

/** Systemd keeps listening, and starts another when somebody comes. */
const idleMs = 60_000;

function endWhenIdle(server: Server): void {
  let clients = 0;
  let timer = setTimeout(() => process.exit(), idleMs);
  server.on("connection", (socket) => {
    clients += 1;
    clearTimeout(timer);
    socket.once("close", () => {
      clients -= 1;
      if (clients === 0) timer = setTimeout(() => process.exit(), idleMs);
    });
  });
}

function sudoersSocket(): string {
  const uid = Number(process.env["SUDO_UID"] ?? Number.NaN);
  if (process.geteuid?.() === 0 && Number.isInteger(uid) && uid > 0) return ownSocket(uid);
  throw new TerrariumError("invalidRequest", {
    reason: "helper --socket needs a PATH, unless sudo started it for somebody.",
  });
}
