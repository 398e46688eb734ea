import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { type NamespaceType, namespaceTypes } from "../../helper/protocol/namespaces.ts";

/** A namespace that no process is in, as namespaces.c made it. */
export interface Held {
  /** Of its NamespaceKeeper. */
  readonly kind: string;
  readonly type: NamespaceType;
  readonly inode: number;
  /** Of the process that holds it; of one that is held by a namespace below, who made it and has ended. */
  readonly pid: number;
}

/** Starts namespaces.c, which makes so many of each type with a process in them, and one of each kind without. */
export async function startNamespaceHost(t: TestContext, ofEach: number): Promise<readonly Held[]> {
  const folder = mkdtempSync(join(tmpdir(), "terrarium-namespaces-"));
  const program = join(folder, "namespaces");
  const source = fileURLToPath(new URL("namespaces.c", import.meta.url));
  execFileSync("gcc", ["-O1", "-pthread", "-o", program, source]);
  const child = spawn(program, [`${ofEach}`], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "exit");
  t.after(async () => {
    child.kill("SIGKILL");
    child.stdout.destroy();
    await ended;
    rmSync(folder, { recursive: true });
  });
  const held: Held[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === "ready") return held;
    held.push(parseHeld(line));
  }
  throw new Error("namespaces.c ended before it was ready");
}

function parseHeld(line: string): Held {
  const [kind = "", name, inode, pid] = line.split(" ");
  const type = namespaceTypes.find((known) => known === name);
  if (!type) throw new Error(`namespaces.c says ${line}`);
  return { kind, type, inode: Number(inode), pid: Number(pid) };
}
