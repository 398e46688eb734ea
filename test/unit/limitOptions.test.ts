import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { parseArguments } from "../../helper/cli/options.ts";
import { flags, saidByFlags } from "../../helper/cli/spec/flags.ts";
import { UsageError } from "../../helper/cli/usage.ts";
import { formatBytes, parseBytes } from "../../helper/protocol/bytes.ts";
import {
  type CgroupLimitName,
  cgroupLimitNames,
  formatLimit,
  type Limits,
  limitFacts,
  limitsFromCpus,
  parseLimit,
  spellLimit,
} from "../../helper/protocol/limits.ts";
import { sandboxSpec } from "../../helper/protocol/schemas.ts";

const parse = (...words: string[]) => saidByFlags(parseArguments(words, flags, "run")).limits ?? {};

/** An amount as each unit is written: alone, in a list, for a device or a page size. */
function written(name: CgroupLimitName, amount: number | bigint): string {
  const { unit } = limitFacts[name];
  const keys = { bytesPerSecond: "/dev/sda:", operationsPerSecond: "8:0:", hugePages: "2MB:" };
  return `${Object.entries(keys).find(([key]) => key === unit)?.[1] ?? ""}${amount}`;
}

/** The option's text, with what it cannot be without. */
function parseOne(name: CgroupLimitName, amount: number | bigint): Limits {
  const text = written(name, amount);
  if (name !== "swapBytes") return parse(`${limitFacts[name].flag}=${text}`);
  return parse("--memory=1m", `--memory-swap=${BigInt(amount) + 1_048_576n}`);
}

test("every limit of the protocol has an option under its Docker name", () => {
  for (const name of cgroupLimitNames) {
    const { minimum } = limitFacts[name];
    assert.equal(formatLimit(name, parseOne(name, minimum)[name]), said(name, minimum));
  }
});

function said(name: CgroupLimitName, amount: number): string {
  return formatLimit(name, parseLimit(name, written(name, amount)));
}

test("what is spelled is parsed, and in as many places", () => {
  for (const name of cgroupLimitNames) {
    const value = parseLimit(name, written(name, limitFacts[name].maximum));
    assert.ok(value !== undefined, name);
    assert.deepEqual(parseLimit(name, spellLimit(name, value)), value);
  }
});

describe("devices", () => {
  test("are said one by one, or in a row", () => {
    const both = { "/dev/sda": 1024 ** 2, "8:16": 5 };
    assert.deepEqual(parse("--device-read-bps=/dev/sda:1m", "--device-read-bps=8:16:5"), {
      ioReadBytes: both,
    });
    assert.deepEqual(parseLimit("ioReadBytes", "/dev/sda:1m, 8:16:5"), both);
    assert.equal(formatLimit("ioReadBytes", both), "/dev/sda 1 MB/s, 8:16 5 B/s");
  });

  test("are below /dev or numbers: nothing leads out", () => {
    for (const device of ["sda", "/etc/passwd", "/dev/../etc/x", "/dev/./x", "/dev/", "8", "x:y"]) {
      assert.throws(() => parse(`--device-read-bps=${device}:1m`), UsageError, device);
      const limits = { ioReadBytes: { [device]: 1 } };
      assert.ok(!sandboxSpec.safeParse({ limits }).success, device);
    }
  });
});

describe("lists of processors", () => {
  test("are the kernel's", () => {
    for (const [text, list] of [
      ["0", "0"],
      ["1,0", "0-1"],
      ["0-3,5,4,7", "0-5,7"],
    ] as const) {
      assert.deepEqual(parse(`--cpuset-cpus=${text}`), { cpusetCpus: list });
    }
    for (const text of ["", "a", "3-1", "0-", "-1", "0,,1", "0-8192", "0 1"]) {
      assert.throws(() => parse(`--cpuset-cpus=${text}`), UsageError, text);
      assert.ok(!sandboxSpec.safeParse({ limits: { cpusetCpus: text } }).success, text);
    }
  });
});

describe("memory and swap together, as Docker counts them,", () => {
  test("leave the difference for swap", () => {
    assert.deepEqual(parse("-m", "1g", "--memory-swap", "1.5g"), {
      memoryBytes: 1024 ** 3,
      swapBytes: 512 * 1024 ** 2,
    });
    assert.equal(parse("-m", "1g", "--memory-swap", "1g").swapBytes, 0);
    assert.equal(parse("-m", "1g", "--memory-swap", "-1").swapBytes, undefined);
  });

  test("need the memory, and cannot be less", () => {
    assert.throws(() => parse("--memory-swap=1g"), /--memory-swap needs --memory/);
    assert.throws(() => parse("-m1g", "--memory-swap=1m"), /1m is less than --memory 1g/);
  });
});

test("no option leaves no limit", () => {
  assert.deepEqual(parse(), {});
});

describe("memory", () => {
  test("takes a number of bytes or a suffix, in either case", () => {
    for (const [text, bytes] of [
      ["1048576", 1024 ** 2],
      ["2048k", 2 * 1024 ** 2],
      ["512m", 512 * 1024 ** 2],
      ["1.5G", 1.5 * 1024 ** 3],
      ["1t", 1024 ** 4],
      ["4194304b", 4 * 1024 ** 2],
    ] as const) {
      assert.deepEqual(parse("-m", text), { memoryBytes: bytes }, text);
    }
  });

  test("refuses what is no size, too little or more than a number holds exactly", () => {
    for (const text of [
      "",
      "m",
      "12q",
      "1gg",
      "-1",
      "0",
      "1023k",
      "0x100000",
      "1e9",
      "NaN",
      "9007199254740992",
      "1 000m",
    ]) {
      assert.throws(() => parse("-m", text), UsageError, text);
    }
  });
});

describe("cpus", () => {
  test("is a quota of each default period", () => {
    assert.deepEqual(parse("--cpus", "0.2"), { cpuPeriodUs: 100_000, cpuQuotaUs: 20_000 });
    assert.deepEqual(parse("--cpus", "1.5"), limitsFromCpus(1.5));
  });

  test("cannot stand beside the limits that it sets", () => {
    for (const other of ["--cpu-period=100000", "--cpu-quota=20000"]) {
      assert.throws(() => parse("--cpus=1", other), /--cpus cannot stand beside/);
    }
    assert.equal(parse("--cpus=1", "--pids-limit=5").pidsMax, 5);
  });

  test("refuses what is no number of cores", () => {
    for (const text of ["0", "0.001", "-1", "one", "", "1e3", "10001", "Infinity", "1."]) {
      assert.throws(() => parse("--cpus", text), /--cpus .*is out of range/, text);
    }
  });

  test("never asks for a quota that the kernel refuses", () => {
    fc.assert(
      fc.property(fc.double({ min: 0.01, max: 10_000, noNaN: true }), (cpus) => {
        assert.ok(sandboxSpec.safeParse({ limits: limitsFromCpus(cpus) }).success);
      }),
    );
  });
});

describe("the range of each limit", () => {
  for (const name of cgroupLimitNames) {
    const { flag, minimum, maximum } = limitFacts[name];
    if (name === "swapBytes") continue;
    test(`${flag} takes both of its ends and nothing beyond`, () => {
      assert.equal(formatLimit(name, parseOne(name, maximum)[name]), said(name, maximum));
      const below = minimum === 0 ? /is malformed/ : /is out of range/;
      assert.throws(() => parseOne(name, minimum - 1), below);
      const above = flag.startsWith("--cpuset") ? /is out of|is malformed/ : /is out of range/;
      assert.throws(() => parseOne(name, BigInt(maximum) + 1n), above);
      assert.throws(() => parseOne(name, -1), /is malformed/);
    });
  }

  test("is not what is wrong with a word that is no number", () => {
    assert.throws(() => parse("-m", "12x"), { message: "--memory 12x is malformed" });
    assert.throws(() => parse("--pids-limit", "many"), /--pids-limit many is malformed/);
  });

  test("is said in the answer, a size as people write it", () => {
    assert.throws(() => parse("-m", "1k"), { hint: "It must be 1 MB or more." });
    try {
      parse("--cpu-period", "1");
      assert.fail("accepted");
    } catch (error) {
      assert.ok(error instanceof UsageError);
      assert.equal(error.message, "--cpu-period 1 is out of range");
      assert.equal(error.hint, "It must be between 1,000 and 1,000,000 microseconds.");
    }
  });
});

test("whatever a limit option is given, the answer is a limit that the helper takes, or a usage error", () => {
  const flag = fc.constantFrom(...cgroupLimitNames.map((name) => limitFacts[name].flag), "--cpus");
  const text = fc.oneof(fc.string(), fc.integer().map(String), fc.double().map(String));
  fc.assert(
    fc.property(flag, text, (name, value) => {
      try {
        assert.ok(sandboxSpec.safeParse({ limits: parse(`${name}=${value}`) }).success);
      } catch (error) {
        assert.ok(error instanceof UsageError, String(error));
      }
    }),
  );
});

describe("bytes in words", () => {
  test("are short and in binary multiples", () => {
    for (const [bytes, words] of [
      [0, "0 B"],
      [1023, "1023 B"],
      [1024, "1 KB"],
      [1536, "1.5 KB"],
      [41 * 1024 ** 2, "41 MB"],
      [2 * 1024 ** 3, "2 GB"],
      [5000 * 1024 ** 4, "5000 TB"],
    ] as const) {
      assert.equal(formatBytes(bytes), words);
    }
  });

  test("are read back within their rounding", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 50 }), (bytes) => {
        const words = formatBytes(bytes);
        const back = parseBytes(words) ?? Number.NaN;
        assert.ok(Math.abs(back - bytes) <= bytes * 0.06, `${bytes} ${words} ${back}`);
      }),
    );
  });
});
