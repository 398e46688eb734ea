import type { Server } from "node:net";
import { removeOlderVersions } from "../install/olderVersions.ts";
import { keepTaskIterator } from "../inventory/tasks.ts";
import { giveBackStartPages } from "../kernel/startPages.ts";
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
import { clientAbove } from "../server/client.ts";
import { serve } from "../server/connection.ts";
import { Gate } from "../server/gate/gate.ts";
import { roomOf } from "../server/gate/rates.ts";
import { inheritedSocket, startedFor } from "../server/inherited.ts";
import { openServed, openSession } from "../server/session.ts";
import { listen, listenOn } from "../server/socket.ts";
import { version } from "../version.ts";
import { askOnTerminal } from "./askOnTerminal.ts";

/** The editor's helper: lives exactly as long as its standard input. */
export function serveStdio(): void {
  const asker = startedFor();
  const client = asker === undefined ? undefined : clientAbove(asker);
  settle();
  const served = openServed(openSandboxHost(auditToStderr));
  const { stdin: input, stdout: output } = process;
  const serving = serve(
    { input, output },
    (link) =>
      client === undefined
        ? openSession(served, link.notify)
        : new Gate({ served, client, isElevated: true }, link),
    client && roomOf(client.uid),
  );
  input.once("close", () => void serving.dispose().finally(() => process.exit()));
}

/** Without a path: `sudo terrarium helper --socket`, for the one who ran sudo. */
export async function serveSocket(path: string | undefined): Promise<void> {
  const guests = path === undefined ? { only: sudoer(), askHere: askOnTerminal() } : undefined;
  settle();
  const host = openSandboxHost(auditToStderr);
  endBySignal(await listen(host, path ?? ownSocket(sudoer()), guests));
}

/** The socket that systemd listens on and hands over: sd_listen_fds(3). One process for all clients. */
export async function serveSystemd(): Promise<void> {
  const descriptor = inheritedSocket();
  settle();
  const server = await listenOn(openSandboxHost(auditToStderr), descriptor, {});
  endWhenIdle(server);
  endBySignal(server);
  removeOlderVersions(version());
}

/** What is worth its while for who serves more than one request. */
function settle(): void {
  keepSpareLauncher();
  keepTaskIterator();
  giveBackStartPages();
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

function sudoer(): number {
  const uid = startedFor();
  if (uid !== undefined) return uid;
  throw new TerrariumError("invalidRequest", {
    reason: "helper --socket needs a PATH, unless sudo started it for somebody.",
  });
}
