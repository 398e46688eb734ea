import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { rates } from "../../helper/network/rates.ts";
import type { LimitsReport } from "../../helper/protocol/limitsReport.ts";
import { json, terrarium } from "./cli.ts";
import { startMachine } from "./internet.ts";
import { needsRoot } from "./isolated.ts";
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
  test("root inside, with all that belongs to its network, does not lift it", async (t) => {
    const machine = await startMachine(t);
    const lift = [
      "tc qdisc delete dev eth0 root",
      "tc qdisc replace dev eth0 root pfifo",
      "nft flush ruleset",
      "nft delete table inet tr-$HOSTNAME",
      "ip link set eth0 txqueuelen 10000",
    ];
    const before = lift.map((line) => `${line} 2>/dev/null; `).join("");
    const inside = fresh("--cap-add", "NET_ADMIN", "--net-rate-up", rateInBits);
    assertNear(await measureUp(t, machine, inside, before), rate);
  });

  for (const [flag, measure] of [
    ["--net-rate-up", measureUp],
    ["--net-rate-down", measureDown],
  ] as const) {
    test(`${flag} is another one for what runs already, as soon as it was changed`, async (t) => {
      const machine = await startMachine(t);
      const { name } = await startLinked(t, machine, [flag, "100m"]);
      for (const next of [rate, 2 * rate]) {
        const updated = await machine.client.run(["update", name, flag, `${next}`]);
        assert.equal(updated.code, 0, updated.stderr);
        assertNear(await measure(t, machine, ["exec", name, "--"]), next);
      }
    });
  }

  test("is not read from a file of that name where the client was started", async (t) => {
    const machine = await startMachine(t);
    const folder = mkdtempSync(join(tmpdir(), "terrarium-rates-"));
    t.after(() => rmSync(folder, { recursive: true }));
    for (const file of ["nft-limit", "tc-tbf"]) writeFileSync(join(folder, file), "7777\n");
    const { name } = await startLinked(t, machine, ["--net-rate-up", "1m"]);
    const { stdout } = await machine.client.run(["limits", name, "--json"], { cwd: folder });
    assert.match(stdout, /"value": 1048576/);
    assert.doesNotMatch(stdout, /7777/);
  });

  test("is refused in words where its program cannot be started", () => {
    const longerThanAnyArgument = "x".repeat(200_000);
    assert.match(rates.down.write(longerThanAnyArgument, rate) ?? "", /E2BIG/);
  });

  test("is refused where there is no link", async () => {
    const ran = await terrarium.run(["run", "--net-rate-up", "1m", "--", "true"]);
    assert.equal(ran.code, 125);
    assert.match(ran.stderr, /choose network.mode veth or nat/);
    const report = await json<LimitsReport>(["limits", "1"]);
    const told = report.rows.find(({ limit }) => limit === "netRateUp");
    assert.match(told?.unavailable ?? "", /no network link of its own/);
  });
});

describe("a network link", needsRoot, () => {
  test("carries a hundred times as much without a rate", async (t) => {
    const machine = await startMachine(t);
    assert.ok((await measureUp(t, machine, fresh())) > 100 * rate);
    assert.ok((await measureDown(t, machine, fresh())) > 100 * rate);
  });
});
