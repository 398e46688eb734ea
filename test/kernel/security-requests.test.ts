import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { z } from "zod";
import { parameterSchemas } from "../../helper/protocol/schemas.ts";
import { list, startSandbox, terrarium } from "./cli.ts";
import { needsRoot } from "./isolated.ts";
import { hostPrograms, idMaps, launch, start } from "./launcher.ts";
import { makeRootfs } from "./rootfs.ts";

const folder = mkdtempSync(join(tmpdir(), "terrarium-requests-"));
after(() => rmSync(folder, { recursive: true, force: true }));

describe("requests that are too long", needsRoot, () => {
  /** The options come by a descriptor, as from the helper. */
  const runWith = async (options: readonly string[]) => {
    const session = start(["run", "--args", "4", "--", "true"]);
    const pipe = session.process.stdio[4];
    assert.ok(pipe && "end" in pipe);
    pipe.end([...hostPrograms, ...options, ""].join("\0"));
    return session.ended;
  };

  test("row 10, CVE-2021-43784: an id map of 64 KiB is refused by the kernel's own word, and not cut", async () => {
    const lines = Array.from({ length: 4000 }, (_, i) => ["--uid-map", `${i} ${100_000 + i} 1`]);
    const { code, events } = await runWith([...lines.flat(), "--gid-map", "0 100000 1"]);
    assert.deepEqual([code, events[0]?.stage, events[0]?.errno], [125, "identity", "EINVAL"]);
  });

  test("row 10, CVE-2021-43784: ten thousand mount points are made, or refused in one sentence", async () => {
    const places = Array.from({ length: 10_000 }, (_, i) => ["--dir", `/many/${i}`]);
    const { code, events } = await runWith([...idMaps, ...places.flat()]);
    assert.equal(code, 0, JSON.stringify(events));
    const { stderr, code: refused } = await terrarium.run([
      ...[
        "run",
        ...Array.from({ length: 300 }, (_, i) => ["-v", `/usr:/v${i}`]).flat(),
        "--",
        "true",
      ],
    ]);
    assert.deepEqual([refused, stderr.split("\n").length], [125, 2]);
  });

  test("row 10, CVE-2021-43784: numbers that no field holds are refused", async () => {
    const numbers = ["18446744073709551616", "99999999999999999999999", "-1"];
    for (const option of ["--timeout", "--die-with", "--uid", "--owner"])
      for (const number of numbers) {
        const { code, events } = await launch(["run", ...idMaps, option, number, "--", "true"]);
        assert.deepEqual([code, events[0]?.stage], [125, "options"], `${option} ${number}`);
      }
  });
});

describe("text that means something to a shell", needsRoot, () => {
  const odd = [
    '";id;#',
    "$(id)",
    "`id`",
    "two\nlines",
    "--privileged",
    "'; rm x",
    "%s%n",
    " ",
    "ü",
  ];

  test("row 16, CVE-2020-17368: is text in arguments, variables and paths, in run and in exec", async (t) => {
    const { name } = await startSandbox(t, [], ["sleep", "600"]);
    const workspace = join(folder, odd.join(""));
    mkdirSync(workspace);
    const line = ["--", "sh", "-c", 'pwd; printf "%s|" "$X" "$@"', "sh", ...odd];
    const options = ["-e", `X=${odd.join("")}`];
    const places = ["--workspace", workspace, "-w", workspace];
    const run = await terrarium.run(["run", ...places, ...options, ...line]);
    const printed = [odd.join(""), ...odd].map((text) => `${text}|`).join("");
    assert.equal(run.stdout, `${workspace}\n${printed}`);
    const exec = await terrarium.run(["exec", "-w", "/usr", ...options, name, ...line]);
    assert.equal(exec.stdout, `/usr\n${printed}`);
  });

  test("row 26: is taken by no method: commands are lists of words", () => {
    const commands = Object.values(parameterSchemas).flatMap((schema) =>
      propertiesNamed(
        /^(args|command|shell|script|program)$/,
        z.toJSONSchema(schema, { io: "input" }),
      ),
    );
    assert.ok(commands.length > 3);
    for (const schema of commands) assert.equal(schema.type, "array");
  });
});

type JsonSchema = z.core.JSONSchema.JSONSchema;

/** Those of a schema and of all that it holds. */
function propertiesNamed(pattern: RegExp, schema: JsonSchema | boolean): JsonSchema[] {
  if (typeof schema === "boolean") return [];
  const { properties = {}, anyOf = [], oneOf = [], items = [] } = schema;
  const named = Object.entries(properties).filter(([name]) => pattern.test(name));
  const inner = [...Object.values(properties), ...anyOf, ...oneOf, ...[items].flat()];
  return [
    ...named.flatMap(([, one]) => (typeof one === "boolean" ? [] : [one])),
    ...inner.flatMap((one) => propertiesNamed(pattern, one)),
  ];
}

describe("a sandbox.json that lies beside a program", needsRoot, () => {
  const spec = JSON.stringify({
    hostname: "taken-over",
    mounts: [{ type: "bind", source: "/etc/shadow", target: "/data/shadow" }],
  });
  const script = "hostname; cat /data/shadow 2>/dev/null | wc -c";

  test("row 17, CVE-2026-40226: in a workspace or a root directory is never read by itself", async () => {
    const workspace = join(folder, "workspace");
    const rootfs = makeRootfs(join(folder, "rootfs"));
    mkdirSync(workspace);
    for (const place of [workspace, rootfs]) writeFileSync(join(place, "sandbox.json"), spec);
    const inWorkspace = await terrarium.run([
      "run",
      "--workspace",
      workspace,
      "--",
      "sh",
      "-c",
      script,
    ]);
    const busybox = ["/bin/busybox", "hostname"];
    const inRoot = await terrarium.run(["run", "--rootfs", rootfs, "--", ...busybox]);
    assert.match(inWorkspace.stdout, /^terrarium-[a-z-]+\n0\n$/);
    assert.match(inRoot.stdout, /^terrarium-[a-z-]+\n$/);
  });

  test("row 17, CVE-2026-40226: is refused as a symbolic link, which a program inside may have put there", async () => {
    const [target, link] = [join(folder, "other.json"), join(folder, "link.json")];
    writeFileSync(target, spec);
    symlinkSync(target, link);
    const { code, stderr } = await terrarium.run(["run", "--config", link, "--", "true"]);
    assert.equal(code, 125);
    assert.match(stderr, /Cannot use .*link\.json: it is a symbolic link/);
  });
});

describe("names and ids", needsRoot, () => {
  const paths = ["../x", "a/b", ".", "..", "-x", "a b", "", "x".repeat(300), "1234", "a\nb"];

  test("row 34: that are paths, options or too long are refused, and nothing is made", async () => {
    const before = new Set((await list()).map(({ id }) => id));
    for (const name of paths) {
      const { code, stderr } = await terrarium.run(["run", "--name", name, "--", "true"]);
      assert.equal(code, 125, name);
      assert.match(stderr, /must begin with a letter or digit/);
    }
    for (const verb of ["inspect", "stop", "kill", "pause", "rm", "exec"])
      assert.equal((await terrarium.run([verb, "../sandboxes"])).code, 125, verb);
    // What ran before may go only now.
    assert.deepEqual(
      (await list()).filter(({ id }) => !before.has(id)),
      [],
    );
  });
});
