import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { SandboxPlan } from "../../helper/protocol/plan.ts";
import { json } from "../kernel/cli.ts";
import { machineEscapes } from "../kernel/escapes.ts";
import { needsRoot } from "../kernel/isolated.ts";
import {
  type Answers,
  assertWalls,
  isAbsent,
  planJars,
  readAnswers,
  rowsHere,
  titleOf,
} from "../kernel/jars.ts";
import { launcherPath } from "../kernel/launcher.ts";
import { buildPrograms } from "../kernel/outside.ts";
import { bootMachine } from "../rig/machine.ts";

/** The escape suite's second half (kernel/escape.test.ts), in machines that are thrown away. */

const rows = rowsHere(machineEscapes);
const everyName = Object.keys(rows).join(" ");

describe("what would harm the machine, tried by root inside", needsRoot, () => {
  const programs = mkdtempSync(join(tmpdir(), "terrarium-escape-"));
  after(() => rmSync(programs, { recursive: true, force: true }));
  const answers = new Map<string, Answers>();
  let setUp = "";

  before(async () => {
    buildPrograms(programs);
    setUp = settingUp(await sandboxOptions());
    const { output } = await boot(tryAll());
    for (const section of output.split("== ").slice(1)) {
      const end = section.indexOf("\n");
      answers.set(section.slice(0, end), readAnswers(section.slice(end)));
    }
  });

  for (const [name, row] of Object.entries(rows)) {
    test(titleOf(name, row), (t) => {
      assert.match(answers.get("sandbox")?.[name] ?? "", /^E/, "in the sandbox");
      if (isAbsent(name, row, answers)) return t.skip("this kernel does not have it");
      assertWalls(name, row, answers);
    });
  }

  test("restart machine: stopped by seccomp, capabilities, user, pid", async () => {
    const jar = (walls: string) => `/attacks/jar $(cat closed) ${walls} $escape restart_machine`;
    const script = [
      "sandbox -- $escape restart_machine",
      "start closed",
      jar("capabilities,user,pid"),
      jar("seccomp,user,pid"),
      jar("seccomp,capabilities,pid"),
      // In a pid namespace of its own it ends that, and this sandbox with it: reboot(2).
      jar("seccomp,capabilities,user"),
      "echo the machine still runs",
      "start closed",
      jar("seccomp,capabilities,user,pid"),
      "echo and for ever",
    ];
    await assert.rejects(boot(script), ({ message }: Error) => {
      assert.match(message, /(restart_machine: E[A-Z]+\s+){4}the machine still runs/);
      assert.doesNotMatch(message, /for ever/);
      return true;
    });
  });

  const boot = (script: readonly string[]) =>
    bootMachine({
      architecture: process.arch === "arm64" ? "aarch64" : "x86_64",
      modules: ["af_alg", "algif_hash", "brd"],
      files: { "/attacks": programs, "/launcher": launcherPath },
      script: [setUp, ...script].join("\n"),
    });
});

/** The options of a default sandbox of root, but for those that name files of this machine. */
async function sandboxOptions(): Promise<string> {
  const { launcher } = await json<SandboxPlan>(["run", "--plan"]);
  const words = launcher.slice(2, launcher.indexOf("--"));
  const options: string[][] = [];
  for (const word of words) {
    if (word.startsWith("--")) options.push([word]);
    else options.at(-1)?.push(word);
  }
  const isOfThisMachine = (word: string) =>
    word.startsWith("/") && !/^\/(proc|dev|tmp|run|var\/tmp)$/.test(word);
  const kept = options.filter((option) => !option.some(isOfThisMachine));
  return kept.flatMap((option) => option.map((word) => `'${word}'`)).join(" ");
}

/** `start NAME` leaves the pid of a sleeping sandbox's command in the file NAME. */
function settingUp(options: string): string {
  return `
    cd /run
    escape=/attacks/escape
    export MARKS=/marks MODULE=/marks/dummy.ko
    mkdir -m 1777 $MARKS
    touch $MARKS/log; chmod 666 $MARKS/log
    unxz -c /lib/modules/*/kernel/drivers/net/dummy.ko.xz > $MODULE
    mkdir -p /sbin; ln -s /bin/modprobe /sbin
    mkswap /dev/ram0 >/dev/null
    echo 1 > /proc/sys/kernel/kptr_restrict
    sandbox() {
      /launcher run ${options} --ro-bind /bin /bin --ro-bind /attacks /attacks \\
        --bind $MARKS $MARKS --env MARKS=$MARKS --env MODULE=$MODULE "$@"
    }
    start() {
      : > status # the one before must not be read for this one's, nor none
      sandbox --status-fd 3 -- /bin/sleep 1000 3>>status &
      until grep -q started status; do sleep 0.1; done
      init=$(sed -n 's/.*"ready","pid":\\([0-9]*\\).*/\\1/p' status)
      cat /proc/$init/task/$init/children > $1
    }`;
}

function tryAll(): string[] {
  const jars = [...planJars(rows)].map(([walls, names]) => {
    const sandbox = walls.includes("mounts") ? "open" : "closed";
    return `echo "== ${walls}"; /attacks/jar $(cat ${sandbox}) "${walls}" $escape ${names.join(" ")}`;
  });
  const sandboxes = ["closed", "open"].flatMap((state) => [
    `start ${state}`,
    `/attacks/jar $(cat ${state}) ${state}`,
  ]);
  return ["echo == sandbox", `sandbox -- $escape ${everyName}`, ...sandboxes, ...jars];
}
