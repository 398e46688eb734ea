import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { describe, test } from "node:test";
import {
  hostPrograms,
  idMaps,
  launch,
  type Result,
  runShell,
  start,
  startSleeper,
  until,
  withIds,
} from "./launcher.ts";

describe("launcher run --timeout", withIds, () => {
  test("ends the command with SIGTERM and answers 124", async () => {
    const { code, stdout, events } = await runShell(
      "trap 'echo asked; exit 3' TERM; while :; do sleep 0.02; done",
      // By then a machine that is busy has set the trap, too.
      ["--timeout", "1000"],
    );
    assert.deepEqual([code, stdout], [124, "asked\n"]);
    assert.deepEqual(events.at(-1), { event: "exit", code: 124, signal: null });
  });

  test("kills what does not heed the SIGTERM", async () => {
    const { code } = await runShell("trap '' TERM; while :; do sleep 0.02; done", [
      ...["--timeout", "300", "--timeout-grace", "100"],
    ]);
    assert.equal(code, 124);
  });

  test("ends a command that is PID 1 and ignores SIGTERM as every PID 1 does", async () => {
    const options = ["--no-init", "--timeout", "300", "--timeout-grace", "100"];
    assert.equal((await runShell("while :; do sleep 0.02; done", options)).code, 124);
  });

  test("leaves the exit code of a command that is faster alone", async () => {
    assert.equal((await runShell("exit 7", ["--timeout", "60000"])).code, 7);
  });

  test("refuses what is no number of milliseconds", async () => {
    const { code, events } = await launch(["run", "--timeout", "-1", "--", "true"]);
    assert.equal(code, 125);
    assert.match(events[0]?.hint ?? "", /--timeout: '-1' is not a number/);
  });
});

describe("launcher run --die-with", withIds, () => {
  test("kills the sandbox when that process is killed", async (t) => {
    const partner = spawn("sleep", ["600"]);
    t.after(() => partner.kill("SIGKILL"));
    const { session, command } = await startSleeper(["--die-with", `${partner.pid}`]);
    assert.ok(existsSync(`/proc/${command}`));
    partner.kill("SIGKILL");
    assert.equal((await session.ended).code, 137);
    assert.ok(!existsSync(`/proc/${command}`));
  });

  test("refuses a process that is gone", async () => {
    const partner = spawn("true");
    await once(partner, "exit");
    const { code, events } = await launch(["run", "--die-with", `${partner.pid}`, "--", "true"]);
    assert.equal(code, 125);
    assert.equal(events[0]?.stage, "die-with");
    assert.equal(events[0]?.errno, "ESRCH");
  });
});

type Restart = "no" | "on-failure" | "always";

/** One of several commands, as a line of shell. */
const supervised = (name: string, restart: Restart, script: string): readonly string[] => [
  ...["--process", name, restart],
  ...["sh", "-c", script].flatMap((word) => ["--word", word]),
];

const severalOptions = (...processes: (readonly string[])[]) => [
  "run",
  ...idMaps,
  ...hostPrograms,
  ...processes.flat(),
];

/** `name state code` of every event about a process. */
const told = ({ events }: Result): readonly string[] =>
  events
    .filter(({ event }) => event === "process")
    .map(({ name, state, code }) => `${name} ${state} ${code}`);

const idle = "while :; do sleep 0.02; done";

/** It has said which process it is, and that one is gone. */
const secondIsReaped = "[ -s /tmp/second ] && ! kill -0 $(cat /tmp/second) 2>/dev/null";

describe("launcher run --process", withIds, () => {
  test("starts several in their order, and ends when all have ended", async () => {
    const result = await launch(
      severalOptions(
        supervised("first", "no", `until ${secondIsReaped}; do sleep 0.02; done; echo first`),
        supervised("second", "no", "echo second; echo $$ > /tmp/second"),
      ),
    );
    assert.deepEqual([result.code, result.stdout], [0, "second\nfirst\n"]);
    assert.deepEqual(told(result), [
      "first running 0",
      "second running 0",
      "second exited 0",
      "first exited 0",
    ]);
  });

  test("answers the code of the first in the list that failed", async () => {
    const { code } = await launch(
      severalOptions(
        supervised("good", "no", "exit 0"),
        supervised("slow", "no", "sleep 0.2; exit 5"),
        supervised("quick", "no", "exit 6"),
      ),
    );
    assert.equal(code, 5);
  });

  test("starts again on failure, until it succeeds", async () => {
    const script = "echo run; [ $(wc -l < /tmp/runs) -ge 3 ] && exit 0; exit 9";
    const result = await launch(
      severalOptions(supervised("app", "on-failure", `echo >> /tmp/runs; ${script}`)),
    );
    assert.deepEqual([result.code, result.stdout], [0, "run\nrun\nrun\n"]);
    assert.deepEqual(told(result).slice(0, 3), [
      "app running 0",
      "app restarting 9",
      "app running 9",
    ]);
    assert.equal(result.events.filter(({ event }) => event === "process").at(-1)?.restarts, 2);
  });

  test("starts again always, also after a success, until it is asked to stop", async () => {
    const session = start(severalOptions(supervised("app", "always", "echo run")));
    // Asked in its last moment it ends by the signal.
    const ends = () => session.told().filter(({ state }) => state === "restarting").length;
    await until(() => ends() === 3, "it ran three times");
    session.process.kill("SIGTERM");
    const result = await session.ended;
    assert.equal(result.code, 0);
    assert.equal(told(result).at(-1), "app exited 0");
  });

  test("waits twice as long before each restart", async () => {
    const session = start(
      severalOptions(supervised("app", "always", "cut -d ' ' -f 1 /proc/uptime")),
    );
    await until(() => session.output().split("\n").length > 4, "it ran four times");
    session.process.kill("SIGTERM");
    const times = (await session.ended).stdout.trim().split("\n").map(Number);
    // /proc/uptime counts hundredths. A busy machine makes the waits longer, nothing makes them shorter.
    for (const [at, least] of [0.09, 0.19, 0.39].entries()) {
      assert.ok((times[at + 1] ?? 0) - (times[at] ?? 0) >= least, times.join(" "));
    }
  });

  test("passes SIGTERM to all and answers how they ended", async () => {
    const trap = (code: number) => `trap 'echo ${code}; exit ${code}' TERM; echo up; ${idle}`;
    const session = start(
      severalOptions(supervised("one", "always", trap(0)), supervised("two", "always", trap(4))),
    );
    await until(() => session.output() === "up\nup\n", "both are up");
    session.process.kill("SIGTERM");
    const { code, stdout } = await session.ended;
    assert.equal(code, 4);
    assert.deepEqual(stdout.split("\n").slice(2, 4).sort(), ["0", "4"]);
  });

  test("passes SIGUSR1 to all, and none is stopped by it", async () => {
    const trap = (name: string) => `trap 'echo ${name}' USR1; echo up; ${idle}`;
    const session = start(
      severalOptions(supervised("a", "no", trap("a")), supervised("b", "no", trap("b"))),
    );
    await until(() => session.output() === "up\nup\n", "both are up");
    session.process.kill("SIGUSR1");
    await until(() => /a\n/.test(session.output()) && /b\n/.test(session.output()), "both got it");
    session.process.kill("SIGTERM");
    assert.equal((await session.ended).code, 143);
  });

  test("runs none when one cannot be executed", async () => {
    const words = ["--process", "bad", "always", "--word", "no-such-program"];
    const { code, events } = await launch(severalOptions(supervised("good", "no", idle), words));
    assert.equal(code, 127);
    const error = events.find(({ event }) => event === "error");
    assert.deepEqual([error?.path, error?.errno], ["no-such-program", "ENOENT"]);
  });

  test("gives a restarted process the capabilities that the first run had", async () => {
    const { stdout } = await launch([
      ...severalOptions(
        supervised(
          "app",
          "on-failure",
          "grep CapEff /proc/self/status; [ -e /tmp/again ] && exit 0; touch /tmp/again; exit 1",
        ),
      ),
      ...["--keep-cap", "chown"],
    ]);
    const [first, second] = stdout.trim().split("\n");
    assert.match(first ?? "", /CapEff:\t0*1$/);
    assert.equal(second, first);
  });

  test("gives them /dev/null to read, whatever the launcher has", async () => {
    const { stdout } = await launch(severalOptions(supervised("app", "no", "wc -c")), {
      input: "never read",
    });
    assert.equal(stdout, "0\n");
  });

  test("refuses what does not fit together", async () => {
    for (const [words, hint] of [
      [["--process", "a", "sometimes", "--word", "true"], /'sometimes' is not no, on-failure/],
      [["--process", "a", "no"], /--process a has no command/],
      [["--word", "true"], /--word belongs to a --process/],
      [["--process", "a", "no", "--word", "true", "--", "true"], /cannot stand beside a command/],
      [["--process", "a", "no", "--word", "true", "--no-init"], /cannot stand beside/],
    ] as const) {
      const { code, events } = await launch(["run", ...words]);
      assert.equal(code, 125);
      assert.match(events[0]?.hint ?? "", hint);
    }
  });
});
