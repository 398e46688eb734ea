import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { describe, test } from "node:test";
import type { FeatureReport } from "../../helper/protocol/features.ts";
import { clientOfUser, json, terrarium } from "./cli.ts";
import { needsRoot } from "./isolated.ts";

async function feature(name: string, client = terrarium): Promise<FeatureReport> {
  const found = (await json<FeatureReport[]>(["features"], client)).find(
    (one) => one.name === name,
  );
  if (!found) throw new Error(`there is no feature ${name}`);
  return found;
}

describe("terrarium features", needsRoot, () => {
  test("asks for what sandboxes here are made of, and the kernel has it", async () => {
    for (const name of ["clone3", "pidfd", "openat2", "new mount API", "mount_setattr"]) {
      const { available, answer } = await feature(name);
      assert.ok(available, `${name}: ${answer}`);
      assert.doesNotMatch(answer, /ENOSYS/);
    }
  });

  test("says of every feature what was answered, what Terrarium does, and why", async () => {
    for (const one of await json<FeatureReport[]>(["features"])) {
      for (const text of [one.name, one.answer, one.path, one.why]) assert.notEqual(text, "");
    }
  });

  test("is a table in a pipe, and paragraphs where a line has no room for its sentences", () => {
    const [program = "", ...words] = [...terrarium.command, "features"];
    const inLine = (COLUMNS: string) =>
      execFileSync(program, words, { encoding: "utf8", env: { ...process.env, COLUMNS } });
    assert.match(inLine(""), /^FEATURE +HERE +WHAT TERRARIUM DOES/);
    const narrow = inLine("60").split("\n");
    assert.ok(narrow.includes("clone3: yes"));
    for (const line of narrow) assert.ok(line.length <= 60 || !line.trim().includes(" "), line);
  });

  test("finds controllers where the kernel lists them", async () => {
    const mounted = execFileSync("findmnt", ["-n", "-o", "TARGET,OPTIONS", "-t", "cgroup,cgroup2"]);
    const { available, answer } = await feature("pids controller");
    assert.ok(available);
    assert.ok(`${mounted}`.includes(answer.split(", ").at(-1) ?? ""), answer);
  });

  test("sees a kernel without BPF, which leaves a sandbox's devices to the controller", () => {
    const strace = ["-f", "-qq", "-o", "/dev/null", "-e", "inject=bpf:error=EPERM"];
    const output = execFileSync("strace", [...strace, ...terrarium.command, "features", "--json"]);
    const features: readonly FeatureReport[] = JSON.parse(`${output}`);
    const found = features.find(({ name }) => name === "BPF for devices");
    assert.deepEqual([found?.available, found?.answer], [false, "bpf: EPERM"]);
  });

  test("loads the task iterator, and sees a kernel that does not take it", async () => {
    const { available, answer } = await feature("BPF task iterator");
    assert.ok(available, answer);
    assert.match(answer, /^one reading: \d+ processes$/);
    const strace = ["-f", "-qq", "-o", "/dev/null", "-e", "inject=bpf:error=EPERM"];
    const output = execFileSync("strace", [...strace, ...terrarium.command, "features", "--json"]);
    const features: readonly FeatureReport[] = JSON.parse(`${output}`);
    const refused = features.find(({ name }) => name === "BPF task iterator");
    assert.equal(refused?.available, false);
    assert.match(refused?.answer ?? "", /^bpf: EPERM; it takes root/);
    assert.match(refused?.path ?? "", /\/proc/);
  });

  test("sees a kernel that lacks a call, and what is done instead", async () => {
    const missing = "clone3,openat2,mount_setattr,landlock_create_ruleset,fsopen";
    const strace = ["-f", "-qq", "-o", "/dev/null", "-e", `inject=${missing}:error=ENOSYS`];
    const output = execFileSync("strace", [...strace, ...terrarium.command, "features", "--json"]);
    const features: readonly FeatureReport[] = JSON.parse(`${output}`);
    const absent = features.filter(({ available }) => !available).map(({ name }) => name);
    for (const name of ["clone3", "openat2", "mount_setattr", "Landlock"]) {
      assert.ok(absent.includes(name), name);
    }
    const path = (name: string) => features.find((one) => one.name === name)?.path ?? "";
    assert.match(path("openat2"), /component by component/);
    assert.match(path("clone3"), /clone\(2\)/);
    assert.match(path("mount_setattr"), /remounted.*nothing can be id-mapped/);
    const tried = features.find(({ name }) => name === "unprivileged user namespaces");
    assert.deepEqual([tried?.available, tried?.answer], [true, "a sandbox could be made"]);
  });

  test("says what stands in the way of an ordinary user", () => {
    const strace = ["-f", "-qq", "-o", "/dev/null", "-e", "inject=pivot_root:error=EPERM"];
    const output = execFileSync("strace", [...strace, ...terrarium.command, "features", "--json"]);
    const features: readonly FeatureReport[] = JSON.parse(`${output}`);
    const tried = features.find(({ name }) => name === "unprivileged user namespaces");
    assert.deepEqual([tried?.available, tried?.answer], [false, "pivot_root: EPERM"]);
    assert.match(tried?.path ?? "", /helper that runs as root/);
  });

  test("answers an ordinary user too, without a warning", async () => {
    const { stdout, stderr, code } = await clientOfUser(4242).run(["features"]);
    assert.equal(stderr, "");
    assert.equal(code, 0);
    assert.match(stdout, /^FEATURE +HERE/);
  });
});
