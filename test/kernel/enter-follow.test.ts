import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, readlinkSync } from "node:fs";
import { describe, it, type TestContext } from "node:test";
import { namespaceTypes } from "../../helper/protocol/namespaces.ts";
import { clientPath, endGroup, findProcess, newSleep, targetMakers } from "./entry-targets.ts";
import { needsRoot } from "./isolated.ts";

/** All that a process that was entered has to have of its target; pids and the terminal are its own. */
function fieldsOf(pid: number): ReadonlyMap<string, string> {
  const read = (file: string) => readFileSync(`/proc/${pid}/${file}`, "utf8").trim();
  const link = (file: string) => readlinkSync(`/proc/${pid}/${file}`);
  const status = new Map(
    read("status")
      .split("\n")
      .map((line): [string, string] => [line.split(":")[0] ?? "", line.replace(/^\w+:\s*/, "")]),
  );
  const [, , , , , , , , , , , , , , , , nice = ""] = read("stat")
    .replace(/^.*\) /s, "")
    .split(" ");
  return new Map([
    ...statusKeys.map((key): [string, string] => [key, status.get(key) ?? ""]),
    ...namespaceTypes.map((type): [string, string] => [`ns/${type}`, link(`ns/${type}`)]),
    ...["cwd", "root"].map((name): [string, string] => [name, link(name)]),
    ...["cgroup", "limits", "oom_score_adj", "personality", "timerslack_ns"].map(
      (name): [string, string] => [name, read(name)],
    ),
    ["nice", nice],
  ]);
}

const statusKeys = [
  ...["Uid", "Gid", "Groups", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"],
  ...["NoNewPrivs", "Seccomp", "Seccomp_filters", "Umask", "Cpus_allowed_list"],
];

/** Starts one more process by these words and says in which fields it is not the target. */
async function differences(
  t: TestContext,
  target: number,
  words: readonly string[],
): Promise<readonly string[]> {
  const sleep = newSleep();
  const [program = "", ...rest] = [...words, ...sleep];
  const child = spawn(program, rest, { stdio: "ignore", detached: true, cwd: "/" });
  t.after(() => endGroup(child));
  const failed = once(child, "exit").then(() => undefined);
  const pid = await Promise.race([findProcess(sleep), failed]);
  if (pid === undefined) return ["it does not start"];
  const entered = fieldsOf(pid);
  return [...fieldsOf(target)]
    .filter(([key, value]) => entered.get(key) !== value)
    .map(([key]) => key);
}

describe("a process that terrarium enter starts", needsRoot, () => {
  for (const { name, needs, make } of targetMakers) {
    it(`is what its target is: ${name}`, needs, async (t) => {
      const { pid, own } = await make(t, newSleep());
      const ways: readonly (readonly [string, readonly string[]])[] = [
        ["terrarium enter", [process.execPath, clientPath, "enter", `${pid}`, "--"]],
        ["nsenter -a", ["nsenter", "-a", "-t", `${pid}`]],
        ...(own ? [["its own exec", own] as const] : []),
      ];
      const found = new Map<string, readonly string[]>();
      for (const [way, words] of ways) {
        found.set(way, await differences(t, pid, words));
        t.diagnostic(`${name}, ${way}: ${found.get(way)?.join(" ") || "no difference"}`);
      }
      assert.deepEqual(found.get("terrarium enter"), []);
      assert.notDeepEqual(found.get("nsenter -a"), [], "the test sees differences");
    });
  }
});
