import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { LimitsReport } from "../../helper/protocol/limitsReport.ts";
import { json } from "./cli.ts";
import { startMachine } from "./internet.ts";
import {
  assertNear,
  besideEachOther,
  fresh,
  measureDown,
  measureUp,
  rate,
  rateInBits,
  startLinked,
} from "./link.ts";

describe("the rate of a network link", besideEachOther, () => {
  test("--net-rate-up bounds what a sandbox sends", async (t) => {
    const machine = await startMachine(t);
    assertNear(await measureUp(t, machine, fresh("--net-rate-up", rateInBits)), rate);
  });

  test("--net-rate-down bounds what it is sent", async (t) => {
    const machine = await startMachine(t);
    assertNear(await measureDown(t, machine, fresh("--net-rate-down", `${rate}`)), rate);
  });

  test("is told and changed with the other limits", async (t) => {
    const machine = await startMachine(t);
    const rates = ["--net-rate-up", "1m", "--net-rate-down", "10mbit"];
    const { name, id } = await startLinked(t, machine, rates);
    const report = await json<LimitsReport>(["limits", name], machine.client);
    const told = report.rows.filter(({ limit }) => limit.startsWith("netRate"));
    assert.deepEqual(
      told.map(({ value }) => value),
      [1_048_576, 1_250_000],
    );
    assert.deepEqual(
      told.map(({ file }) => file),
      ["nft-limit", "tc-tbf"].map((file) => `/sys/class/net/tr-${id}/${file}`),
    );
    assert.match(
      machine.run("machine", "tc", "qdisc", "show", "dev", `tr-${id}`),
      /tbf .*rate 10Mbit/,
    );
    const update = ["update", name, "--net-rate-up", "2m", "--net-rate-down", "none"];
    const updated = await machine.client.run(update);
    assert.equal(updated.code, 0, updated.stderr);
    const after = await json<LimitsReport>(["limits", name], machine.client);
    const rows = after.rows.filter(({ limit }) => limit.startsWith("netRate"));
    assert.deepEqual(
      rows.map(({ value }) => value),
      [2_097_152, undefined],
    );
  });
});
