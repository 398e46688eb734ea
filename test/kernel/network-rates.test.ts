import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { rates } from "../../helper/network/rates.ts";
import type { LimitsReport } from "../../helper/protocol/limitsReport.ts";
import { json, terrarium, uniqueName } from "./cli.ts";
import { addresses, connected, listen, type Machine, startMachine, traffic } from "./internet.ts";
import { needsRoot } from "./isolated.ts";

/** An emulated machine carries so little a hundred times, too: test/vm/inside.ts. */
const rate = process.env["TERRARIUM_EMULATED"] ? 125_000 : 1_000_000;
const rateInBits = `${rate / 125}kbit`;
const nodeInside = ["-v", `${process.execPath}:${process.execPath}:ro`];
const nat = ["--userns", "root", "--network", "nat", "--dns", "192.0.2.1", ...nodeInside];

function assertNear(measured: number, expected: number): void {
  const words = `${measured} bytes per second, where ${expected} are allowed`;
  assert.ok(Math.abs(measured - expected) <= expected / 10, words);
}

/** In a sandbox of its own. */
const fresh = (...options: readonly string[]) => ["run", ...nat, ...options, "--"];

/** What gets through from inside, with more wanting to. */
async function measureUp(t: TestContext, machine: Machine, inside: readonly string[], before = "") {
  const lines = await listen(t, machine, traffic.measure);
  const script = connected(addresses.internet, lines.port, traffic.send);
  const words = [...inside, "sh", "-c", `${before}exec "$0" -e "$1"`];
  await machine.client.run([...words, process.execPath, script]);
  return Number((await lines.next()).value);
}

async function measureDown(t: TestContext, machine: Machine, inside: readonly string[]) {
  const { port } = await listen(t, machine, traffic.send);
  const script = connected(addresses.internet, port, traffic.measure);
  const ran = await machine.client.run([...inside, process.execPath, "-e", script]);
  return Number(ran.stdout);
}

async function startLinked(t: TestContext, machine: Machine, options: readonly string[]) {
  const name = uniqueName();
  t.after(() => terrarium.run(["rm", "-f", name]));
  const words = ["run", "-d", "--name", name, ...nat, ...options, "--", "sleep", "600"];
  const { code, stdout, stderr } = await machine.client.run(words);
  assert.equal(code, 0, stderr);
  return { name, id: stdout.trim() };
}

/** Each on a machine of its own, and nearly all of it is waiting. */
const besideEachOther = { ...needsRoot, concurrency: 4 };

describe("the rate of a network link", besideEachOther, () => {
  test("--net-rate-up bounds what a sandbox sends", async (t) => {
    const machine = await startMachine(t);
    assertNear(await measureUp(t, machine, fresh("--net-rate-up", rateInBits)), rate);
  });

  test("--net-rate-down bounds what it is sent", async (t) => {
    const machine = await startMachine(t);
    assertNear(await measureDown(t, machine, fresh("--net-rate-down", `${rate}`)), rate);
  });

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
