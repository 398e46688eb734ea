import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { eventually } from "../kernel/cli.ts";
import { checkout } from "../rig/prepare.mjs";
import { endProcessGroup } from "../rig/process-group.ts";
import { descendantsOf, isAlive } from "./kernel-facts.ts";

/** State `LISTEN` in the fourth column of /proc/net/tcp (include/net/tcp_states.h). */
const listening = "0A";

/** 127.0.0.1 as /proc/net/tcp writes it: hexadecimal, in the byte order of the machine. */
const loopback = "0100007F";

describe("npm start, where there is no desktop VS Code", () => {
  let command: ChildProcess;
  let address: URL;

  before(async () => {
    const env = { ...process.env };
    delete env["DISPLAY"];
    delete env["WAYLAND_DISPLAY"];
    const stdio: ["ignore", "pipe", "inherit"] = ["ignore", "pipe", "inherit"];
    command = spawn("npm", ["start", "--silent"], { cwd: checkout, env, stdio, detached: true });
    address = await printedAddress(command);
  });

  after(() => endProcessGroup(command.pid as number));

  it("listens on loopback alone", () => {
    const port = Number(address.port).toString(16).toUpperCase().padStart(4, "0");
    const sockets = ["tcp", "tcp6"].flatMap((table) => listeners(table, port));
    assert.deepEqual(sockets, [loopback]);
  });

  it("lets nobody in without the secret that it printed", async () => {
    const withSecret = await fetch(address, { redirect: "manual" });
    const without = await fetch(address.origin, { redirect: "manual" });
    assert.deepEqual([withSecret.status, without.status], [302, 403]);
  });

  it("keeps the secret off every command line", async () => {
    const secret = address.searchParams.get("tkn") ?? "";
    assert.match(secret, /^[0-9a-f]{48}$/);
    const lines = descendantsOf(command.pid as number).map(commandLine);
    assert.ok(lines.length > 0);
    assert.deepEqual(
      lines.filter((line) => line.includes(secret)),
      [],
    );
  });

  it("ends with all that it started on Ctrl-C", async () => {
    const started = descendantsOf(command.pid as number);
    const ended = once(command, "exit");
    process.kill(-(command.pid as number), "SIGINT");
    await ended;
    assert.ok(started.length > 1);
    // npm's shell is killed by the signal at once, while the editor's server is still being ended.
    await eventually("the end of all", () => !started.some(isAlive));
  });
});

/** The last line that `npm start` prints. */
async function printedAddress(command: ChildProcess): Promise<URL> {
  let output = "";
  for await (const chunk of command.stdout ?? []) {
    output += chunk;
    const address = /^http:\S+$/m.exec(output)?.[0];
    if (address !== undefined && output.endsWith("\n")) return new URL(address);
  }
  throw new Error(`npm start printed no address:\n${output}`);
}

/** Local addresses that listen on the port, as the kernel writes them. */
function listeners(table: string, port: string): string[] {
  return readFileSync(`/proc/net/${table}`, "utf8")
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state]) => state === listening && local?.endsWith(`:${port}`))
    .map(([, local]) => (local as string).slice(0, -port.length - 1));
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}
