import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { TerrariumError } from "../../helper/protocol/errors.ts";
import { sandboxSpec } from "../../helper/protocol/schemas.ts";
import { checkProcesses, processOptions } from "../../helper/sandboxes/plan/startOrder.ts";

const parse = (processes: unknown) =>
  sandboxSpec.parse({ processes }).processes ?? assert.fail("no processes");

const named = (name: string, ...after: string[]) => ({ name, args: [name], after });

const order = (...processes: unknown[]) =>
  processOptions(parse(processes)).filter((_, index, all) => all[index - 1] === "--process");

const refusal = (work: () => unknown) => {
  try {
    work();
  } catch (error) {
    if (TerrariumError.is(error, "invalidRequest")) return error.message;
    throw error;
  }
  return undefined;
};

describe("the processes of a sandbox", () => {
  test("start as they are listed", () => {
    assert.deepEqual(order(named("b"), named("a"), named("c")), ["b", "a", "c"]);
  });

  test("start behind those that they come after, wherever these are listed", () => {
    assert.deepEqual(order(named("web", "app"), named("app", "db"), named("db"), named("log")), [
      "db",
      "app",
      "web",
      "log",
    ]);
  });

  test("are told to the launcher word by word, with their restart policy", () => {
    const processes = parse([{ name: "web", args: ["sh", "-c", "--word x"], restart: "always" }]);
    assert.deepEqual(processOptions(processes), [
      ...["--process", "web", "always"],
      ...["--word", "sh", "--word", "-c", "--word", "--word x"],
    ]);
  });

  test("cannot wait for each other, for nobody, or share a name", () => {
    assert.equal(
      refusal(() => order(named("db"), named("a", "b"), named("b", "a"))),
      'Among the processes "a", "b" each waits for another: none can be the first.',
    );
    assert.match(refusal(() => order(named("a", "a"))) ?? "", /none can be the first/);
    assert.match(
      refusal(() => order(named("a", "x"))) ?? "",
      /after "x", which is not in the list/,
    );
    assert.match(refusal(() => order(named("a"), named("a"))) ?? "", /Two processes are named "a"/);
  });

  test("stand instead of a command, with init, and without a terminal", () => {
    const spec = sandboxSpec.parse({ processes: [named("a")] });
    const check = (extra: object, stdio: "tty" | "inherit" = "inherit") =>
      refusal(() => checkProcesses({ ...spec, ...extra }, stdio));
    assert.equal(check({}), undefined);
    assert.match(check({ args: ["true"] }) ?? "", /either a command or processes/);
    assert.match(check({ init: false }) ?? "", /need our init as PID 1/);
    assert.match(check({}, "tty") ?? "", /cannot share one terminal/);
  });
});
