import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  type ErrorArguments,
  type ErrorCode,
  fromWireError,
  TerrariumError,
  toWireError,
} from "../../helper/protocol/errors.ts";
import { type LimitName, limitFacts } from "../../helper/protocol/limits.ts";

/** One example per code: a code without one does not compile. */
const examples: ErrorArguments = {
  invalidRequest: { reason: "spec.name: must begin with a letter." },
  notAuthorised: { what: "enter process 1", why: "dismissed" },
  needsPrivilege: { what: "set the memory limit", needs: "root" },
  noSuchSandbox: { target: "tides" },
  ambiguousSandbox: { target: "0a1", matches: ["0a1111111111", "0a1222222222"] },
  sandboxNotRunning: { target: "tides" },
  sandboxRunning: { target: "tides" },
  sandboxPaused: { target: "tides" },
  processFrozen: { pid: 4711, directory: "/sys/fs/cgroup/x" },
  sandboxNotPaused: { target: "tides" },
  nameTaken: { name: "tides" },
  noSuchProcess: { pid: 4711 },
  processDenied: { pid: 1, errno: "EACCES" },
  namespaceGone: { type: "net", target: "tides" },
  nothingToEnter: { pid: 4711, types: [] },
  pathRefused: { path: "/nowhere", reason: "there is no such file or directory" },
  limitRefused: { limit: "cpuQuotaUs", value: "1", file: "/sys/x/cpu.max", errno: "EINVAL" },
  limitUnavailable: { limit: "memoryBytes", reason: "no hierarchy has the memory controller" },
  cgroupFailed: { call: "mkdir", path: "/sys/fs/cgroup/x", errno: "EACCES" },
  launcherFailed: {
    stage: "mount",
    call: "move_mount",
    path: "/proc",
    errno: "EPERM",
    hint: "The kernel did not allow it.",
  },
  launcherMissing: { path: "/opt/launcher" },
  idRangeExhausted: { tried: 28_656 },
  helperFailed: { reason: "read: EIO" },
  cannotExecute: { command: "/bin/tides", errno: "EACCES" },
  noSuchCgroup: { path: "/docker" },
  networkFailed: { what: "run nft", answer: "it is not installed: apt-get install nftables" },
  confirmationNeeded: { title: "docker", changes: ["Memory from no limit to 64 MB"] },
  targetChanged: { target: "/docker" },
  noSuchRevert: { revert: "a1b2" },
  notEnterable: { pid: 2, why: "it is a thread of the kernel" },
  noShell: { pid: 4711, missing: "the host has no static busybox" },
  toolboxUnavailable: { why: "the host has no static busybox" },
  noSuchContainer: { key: "docker:0a1" },
  notPutBack: { reason: "The kernel refused the limit Memory 64 MB." },
  wrongVersion: { helper: "0.1.0", client: "0.2.0" },
  systemdFailed: { unit: "terrarium-a1b2c3d4e5f6.scope", answer: "Access denied" },
};

const codes = Object.keys(examples) as ErrorCode[];

function example(code: ErrorCode): TerrariumError {
  return new TerrariumError(code, examples[code]);
}

describe("every error of the protocol", () => {
  test("arrives as it was sent, through JSON", () => {
    for (const code of codes) {
      const sent = example(code);
      const arrived = fromWireError(JSON.parse(JSON.stringify(toWireError(sent))));
      assert.equal(arrived.code, code);
      assert.deepEqual(arrived.args, sent.args);
      assert.equal(arrived.message, sent.message);
    }
  });

  test("has a number of its own in JSON-RPC's server range", () => {
    const numbers = codes.map((code) => toWireError(example(code)).code);
    assert.equal(new Set(numbers).size, codes.length);
    assert.ok(numbers.every((number) => number <= -32000 && number >= -32099));
  });

  test("is one sentence at least, and says what it was given", () => {
    for (const code of codes) {
      const { message } = example(code);
      assert.match(message, /[.]$/, code);
      assert.doesNotMatch(message, /undefined|\[object|NaN|null/, code);
      for (const [key, value] of Object.entries(examples[code])) {
        const shown = key === "limit" ? limitFacts[value as LimitName].label : spell(value);
        assert.ok(message.includes(shown), `${code} does not say ${shown}: ${message}`);
      }
    }
  });
});

function spell(value: unknown): string {
  return Array.isArray(value) ? value.join(", ") : String(value);
}

test("numbers on the wire never change their meaning", () => {
  const numbers = codes.map((code) => [code, toWireError(example(code)).code]);
  assert.deepEqual(Object.fromEntries(numbers), {
    invalidRequest: -32000,
    notAuthorised: -32001,
    needsPrivilege: -32002,
    noSuchSandbox: -32003,
    ambiguousSandbox: -32004,
    sandboxNotRunning: -32005,
    sandboxRunning: -32006,
    nameTaken: -32007,
    noSuchProcess: -32008,
    processDenied: -32009,
    nothingToEnter: -32010,
    pathRefused: -32011,
    limitRefused: -32012,
    limitUnavailable: -32013,
    cgroupFailed: -32014,
    launcherFailed: -32015,
    launcherMissing: -32016,
    idRangeExhausted: -32017,
    helperFailed: -32018,
    cannotExecute: -32019,
    sandboxPaused: -32020,
    sandboxNotPaused: -32021,
    processFrozen: -32022,
    namespaceGone: -32023,
    noSuchCgroup: -32024,
    networkFailed: -32025,
    confirmationNeeded: -32026,
    targetChanged: -32027,
    noSuchRevert: -32028,
    notPutBack: -32029,
    systemdFailed: -32030,
    notEnterable: -32031,
    wrongVersion: -32032,
    noShell: -32033,
    toolboxUnavailable: -32034,
    noSuchContainer: -32035,
  });
});

test("a command that is not there is said in words, not by its errno", () => {
  const { message } = new TerrariumError("cannotExecute", { command: "tides", errno: "ENOENT" });
  assert.equal(message, 'There is no command "tides" inside the sandbox.');
});

describe("a failure that is none of the protocol's", () => {
  test("becomes helperFailed with its message", () => {
    const arrived = fromWireError(new Error("Connection got disposed"));
    assert.equal(arrived.code, "helperFailed");
    assert.match(arrived.message, /Connection got disposed/);
  });

  test("does so for every shape that another version could send", () => {
    for (const shape of [
      undefined,
      null,
      "text",
      {},
      { data: null },
      { data: { code: "inventedLater", args: {} } },
      { data: { code: "nameTaken" } },
      { data: { code: "nameTaken", args: null } },
      { data: { code: "__proto__", args: {} } },
    ]) {
      assert.equal(fromWireError(shape).code, "helperFailed", JSON.stringify(shape));
    }
  });

  test("is not wrapped twice", () => {
    const error = example("nameTaken");
    assert.equal(fromWireError(error), error);
  });
});

test("the guard narrows by code", () => {
  assert.ok(TerrariumError.is(example("nameTaken")));
  assert.ok(TerrariumError.is(example("nameTaken"), "nameTaken"));
  assert.ok(!TerrariumError.is(example("nameTaken"), "noSuchSandbox"));
  assert.ok(!TerrariumError.is(new Error("nameTaken"), "nameTaken"));
});
