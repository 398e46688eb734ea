import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { UsageSample } from "../../helper/protocol/usage.ts";
import { usageRates } from "../../helper/protocol/usageRates.ts";

const sample = (atMs: number, figures: Partial<UsageSample> = {}): UsageSample => ({
  target: "web",
  identity: "1",
  atMs,
  ...figures,
});

const device = { device: "254:0", readBytes: 0, writeBytes: 0, readOps: 0, writeOps: 0 };

describe("the rates between two samples", () => {
  test("of the processor are percent of one", () => {
    const rates = usageRates(
      sample(1_000, { cpu: { usageUs: 5_000_000 } }),
      sample(3_000, { cpu: { usageUs: 8_000_000 } }),
    );
    assert.equal(rates?.cpuPercent, 150);
    assert.equal(rates.intervalMs, 2_000);
  });

  test("of throttling are the part of the periods in which something ran", () => {
    const cpu = (periods: number, throttledPeriods: number) => ({
      cpu: { usageUs: 0, periods, throttledPeriods },
    });
    const of = (before: Partial<UsageSample>, after: Partial<UsageSample>) =>
      usageRates(sample(0, before), sample(1_000, after))?.throttledPercent;
    assert.equal(of(cpu(10, 2), cpu(20, 6)), 40);
    assert.equal(of(cpu(10, 2), cpu(10, 2)), 0);
    assert.equal(of(cpu(0, 0), cpu(0, 0)), undefined);
    assert.equal(of({}, {}), undefined);
  });

  test("of stalls are percent of the time between, not the kernel's average", () => {
    const io = (someUs: number, fullUs: number) => ({
      pressure: { io: { some10: 99, someUs, full10: 99, fullUs } },
    });
    const rates = usageRates(sample(0, io(100, 50)), sample(500, io(250_100, 50_050)));
    assert.deepEqual(rates?.pressure, { io: { somePercent: 50, fullPercent: 10 } });
  });

  test("of a device that appears begin at 0, as the kernel's counter did", () => {
    const rates = usageRates(
      sample(0, { io: [] }),
      sample(500, { io: [{ ...device, readBytes: 4096, readOps: 1 }] }),
    );
    const [rate] = rates?.io ?? [];
    assert.equal(rate?.readBytesPerSecond, 8192);
    assert.equal(rate?.readOpsPerSecond, 2);
    assert.equal(rate?.writeBytesPerSecond, 0);
  });

  test("of an interface that appears are left out: it may have been moved in", () => {
    const eth0 = { interface: "eth0", rxBytes: 1_000_000, txBytes: 5 };
    const at = (ms: number, rxBytes: number) => sample(ms, { network: [{ ...eth0, rxBytes }] });
    assert.deepEqual(usageRates(sample(0, { network: [] }), at(1_000, 1))?.network, []);
    assert.deepEqual(usageRates(at(0, 100), at(2_000, 300))?.network, [
      { interface: "eth0", rxBytesPerSecond: 100, txBytesPerSecond: 0 },
    ]);
  });
});

describe("what cannot be compared", () => {
  const cpu = (usageUs: number) => ({ cpu: { usageUs } });

  test("a cgroup that was made again has no rates", () => {
    assert.equal(
      usageRates(sample(0, cpu(5)), sample(1_000, { ...cpu(9), identity: "2" })),
      undefined,
    );
  });

  test("nor has another target, or a clock that stood still or went back", () => {
    assert.equal(usageRates(sample(0), { ...sample(1_000), target: "db" }), undefined);
    for (const ms of [0, -1_000, Number.NaN]) {
      assert.equal(usageRates(sample(0), sample(ms)), undefined);
    }
  });

  test("a counter that began again leaves out its own rate only", () => {
    const before = { ...cpu(5_000_000), io: [{ ...device, readBytes: 100 }] };
    const rates = usageRates(
      sample(0, before),
      sample(1_000, { cpu: { usageUs: 6_000_000 }, io: [device] }),
    );
    assert.equal(rates?.cpuPercent, 100);
    assert.deepEqual(rates.io, []);
    assert.equal(usageRates(sample(0, cpu(5)), sample(1_000, cpu(4)))?.cpuPercent, undefined);
  });

  test("a figure that one of the samples lacks has no rate, and is not 0", () => {
    const rates = usageRates(sample(0), sample(1_000, { ...cpu(5), io: [device], network: [] }));
    assert.deepEqual(
      [rates?.cpuPercent, rates?.io, rates?.network, rates?.pressure],
      [undefined, undefined, undefined, undefined],
    );
  });
});

test("no rate is ever negative, infinite or not a number", () => {
  const counter = fc.nat();
  const figures = fc.record({
    cpu: fc.record({ usageUs: counter, periods: counter, throttledPeriods: counter }),
    io: fc.array(
      fc.record({
        device: fc.constantFrom("1:0", "2:0"),
        readBytes: counter,
        writeBytes: counter,
        readOps: counter,
        writeOps: counter,
      }),
    ),
    pressure: fc.record({ cpu: fc.record({ some10: counter, someUs: counter, fullUs: counter }) }),
    network: fc.array(
      fc.record({ interface: fc.constantFrom("a", "b"), rxBytes: counter, txBytes: counter }),
    ),
  });
  fc.assert(
    fc.property(fc.nat(), figures, fc.nat(), figures, (atMs, before, later, after) => {
      const rates = usageRates(sample(atMs, before), sample(later, after));
      JSON.stringify(rates, (_key, value) => {
        if (typeof value === "number") assert.ok(Number.isFinite(value) && value >= 0);
        return value;
      });
    }),
  );
});
