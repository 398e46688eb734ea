import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it, type TestContext } from "node:test";
import { connectHere } from "../../helper/faces/here.ts";
import type { HelperConnection } from "../../helper/protocol/methods.ts";
import { uniqueName } from "./cli.ts";
import { makeTree } from "./engines.ts";
import { endGroup, findProcess, newSleep } from "./entry-targets.ts";
import { needsRoot } from "./isolated.ts";
import { launcherPath, until } from "./launcher.ts";

/** The sequences of VS Code's shell integration, in the order in which a terminal gets them. */
const sequences = (output: string): string[] =>
  output
    .split("\u001b]633;")
    .slice(1)
    .map((text) => text.split("\u0007")[0] ?? "");

/** Types each line when the prompt before it is there; answers what the terminal got. */
async function type(t: TestContext, args: readonly string[], lines: readonly string[]) {
  const line = [launcherPath, ...args].join(" ");
  const child = spawn("script", ["-qec", line, "/dev/null"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  for (const [count, text] of lines.entries()) {
    const prompts = () => sequences(output).filter((one) => one === "B").length;
    // Fish draws its prompt again while it is typed into.
    await until(() => prompts() > count, `a prompt before ${text} in ${JSON.stringify(output)}`);
    child.stdin.write(`${text}\r`);
    if (text !== "exit") await until(() => output.includes(`done-${count}`), `${text} is done`);
  }
  await new Promise((resolve) => child.once("close", resolve));
  return sequences(output);
}

/** Whether these come, in this order, among others. */
function inOrder(told: readonly string[], wanted: readonly string[]): boolean {
  let at = 0;
  for (const one of told) if (one === wanted[at]) at += 1;
  return at === wanted.length;
}

describe("a shell that tells an editor of its folders", needsRoot, () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "terrarium-folders-")));
  const [workspace, outside] = [join(folder, "workspace"), join(folder, "out %s side")];
  for (const path of [workspace, join(outside, "deep")]) mkdirSync(path, { recursive: true });
  let connection: HelperConnection;
  before(() => {
    connection = connectHere();
  });
  after(() => {
    connection.dispose();
    rmSync(folder, { recursive: true, force: true });
  });

  const lines = (folders: readonly string[]) => [
    ...folders.map((path, count) => `cd '${path}'; echo done-${count}`.replace("-", "-''")),
    `echo done-''${folders.length}; false`,
    "exit",
  ];
  const told = [
    `P;Cwd=${workspace}`,
    "A",
    "B",
    `P;Cwd=${outside}/deep`,
    "P;Cwd=/usr/lib",
    "P;Cwd=/proc/0/root/tmp",
    "D;1",
  ];
  const places = ["/mnt/deep", "/usr/lib", "/tmp"];

  const create = async (t: TestContext, args: string[]) => {
    const name = uniqueName();
    t.after(() =>
      connection.request("sandbox/remove", { target: name, force: true }).catch(() => undefined),
    );
    const { attach } = await connection.request("sandbox/create", {
      spec: { name, workspace, args, mounts: [{ type: "bind", source: outside, target: "/mnt" }] },
      stdio: "tty",
      clientEnv: { TERM: "xterm" },
      shellIntegration: true,
    });
    return { name, args: attach?.args ?? [] };
  };

  for (const shell of ["/bin/bash", "/bin/sh", "/bin/dash", "/usr/bin/zsh", "/usr/bin/fish"]) {
    const skip = existsSync(shell) ? false : `${shell} is not installed`;
    it(`is ${shell} in a sandbox of its own, and one more in it`, { skip }, async (t) => {
      const { name, args } = await create(t, [shell]);
      const other = await connection.request("sandbox/exec", {
        target: name,
        args: [shell],
        clientEnv: { TERM: "xterm" },
        shellIntegration: true,
      });
      const seen = await type(t, other.attach?.args ?? [], lines(places));
      assert.ok(inOrder(seen, told), JSON.stringify(seen));
      const first = await type(t, args, lines(places));
      assert.ok(inOrder(first, told), JSON.stringify(first));
    });
  }

  it("says nothing where nobody asked, or the command is no shell", async (t) => {
    const { name } = await create(t, ["/bin/sleep", "600"]);
    const common = { target: name, clientEnv: { TERM: "dumb" } } as const;
    const asked = await connection.request("sandbox/exec", {
      ...{ ...common, args: ["/bin/bash", "-c", "env"], shellIntegration: true },
    });
    assert.deepEqual(await type(t, asked.attach?.args ?? [], []), []);
  });

  describe("of a container that is not ours", () => {
    const tree = () => {
      const root = makeTree(join(folder, `tree-${count++}`));
      mkdirSync(join(root, "mnt"));
      return root;
    };
    let count = 0;
    const start = async (t: TestContext, root: string) => {
      const sleep = newSleep();
      const bwrap = [
        "--unshare-all",
        "--bind",
        root,
        "/",
        "--bind",
        outside,
        "/mnt",
        "--tmpfs",
        "/run",
      ];
      const child = spawn("bwrap", [...bwrap, "--proc", "/proc", "--dev", "/dev", ...sleep], {
        detached: true,
        stdio: "ignore",
      });
      t.after(() => endGroup(child));
      return findProcess(sleep);
    };

    for (const toolbox of ["never", "always"] as const) {
      it(`is busybox there, with a toolbox ${toolbox}, and writes nothing`, async (t) => {
        const root = tree();
        const pid = await start(t, root);
        const before = readdirSync(root, { recursive: true });
        const { attach } = await connection.request("process/enter", {
          ...{ pid, toolbox },
          clientEnv: { TERM: "xterm" },
          shellIntegration: true,
        });
        const at = toolbox === "always" ? "/target" : "";
        const seen = await type(
          t,
          attach?.args ?? [],
          lines([`${at}/mnt/deep`, `${at}/etc`, `${at}/run`]),
        );
        const wanted = [
          "A",
          "B",
          `P;Cwd=${outside}/deep`,
          `P;Cwd=${root}/etc`,
          `P;Cwd=/proc/0/root${at}/run`,
          "D;1",
        ];
        assert.ok(inOrder(seen, wanted), JSON.stringify(seen));
        assert.deepEqual(readdirSync(root, { recursive: true }), before);
      });
    }
  });
});
