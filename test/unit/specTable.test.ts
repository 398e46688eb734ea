import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { parseArguments } from "../../helper/cli/options.ts";
import { flags, saidByFlags } from "../../helper/cli/spec/flags.ts";
import { merge } from "../../helper/cli/spec/merge.ts";
import { specOf } from "../../helper/cli/spec/spec.ts";
import { specTable } from "../../helper/cli/spec/table.ts";
import { type SandboxSpecInput, sandboxSpec } from "../../helper/protocol/schemas.ts";
import { keyWords, sandboxFileSchema } from "../../helper/reference/schema.ts";

/** A text that each flag takes; a switch has none. */
const examples: Readonly<Record<string, string>> = {
  name: "web",
  hostname: "web",
  env: "A=1",
  volume: "/usr:/mnt",
  tmpfs: "/tmp/a",
  device: "/dev/fuse:/dev/other:rw",
  mount: "type=sysfs,target=/sys",
  workspace: "/srv",
  workdir: "/srv",
  rootfs: "/srv",
  "rootfs-tarball": "/srv/a.tar",
  overlay: "kept",
  userns: "root",
  timeout: "1m",
  namespace: "uts=host",
  network: "host",
  dns: "192.0.2.1",
  "time-offset": "boottime=-1.5",
  cpus: "0.5",
  "cpu-period": "1000",
  "cpu-quota": "1000",
  "cpu-burst": "1000",
  "cpu-idle": "1",
  "cpu-shares": "512",
  "cpuset-cpus": "0-1",
  "cpuset-mems": "0",
  memory: "1m",
  "memory-high": "1m",
  "memory-reservation": "1m",
  "memory-min": "1m",
  "memory-swap": "-1",
  "memory-swappiness": "10",
  "oom-group": "1",
  "pids-limit": "5",
  "blkio-weight": "10",
  "device-read-bps": "/dev/sda:1m",
  "device-write-bps": "/dev/disk/by-id/a:b:1m",
  "device-read-iops": "8:0:100",
  "device-write-iops": "/dev/sda:100",
  hugetlb: "2MB:64m",
  "net-rate-up": "10mbit",
  "net-rate-down": "1.25m",
  "cap-add": "CHOWN",
  "cap-drop": "KILL",
  seccomp: "none",
  ulimit: "core=0:1",
  "landlock-ro": "/usr",
  "landlock-rw": "/tmp",
  scope: "signals",
};

const said = (...words: string[]) => saidByFlags(parseArguments(words, flags, "run"));
const words = (name: string) =>
  `--${name}${examples[name] === undefined ? "" : `=${examples[name]}`}`;

describe("the table of what a spec can say", () => {
  test("has words for every key of sandbox.json, and no others", () => {
    const known = places(sandboxFileSchema(), "");
    assert.deepEqual(
      [...keyWords.keys()].filter((place) => !known.has(place)),
      [],
    );
  });

  for (const [key, row] of Object.entries(specTable)) {
    const own = "flags" in row ? row.flags : [];
    if (own.length === 0) continue;
    test(`the flags of ${key} say it, and nothing else, as the schema takes it`, () => {
      for (const { name } of own) {
        const spec = said(words(name));
        assert.deepEqual(Object.keys(spec), [key], name);
        assert.ok(sandboxSpec.safeParse(spec).success, name);
      }
    });
  }

  test("says why a key has no flag", () => {
    const without = Object.entries(specTable).filter(([, row]) => !("flags" in row));
    assert.deepEqual(without.map(([key]) => key).sort(), [
      "$schema",
      "args",
      "passEnv",
      "processes",
    ]);
  });
});

/** The paths of all keys, as the schema nests them. */
function places(schema: ReturnType<typeof sandboxFileSchema>, path: string): Set<string> {
  const below = [schema.items ?? [], schema.oneOf ?? []].flat();
  const all = below.flatMap((next) => (typeof next === "boolean" ? [] : [...places(next, path)]));
  for (const [key, value] of Object.entries(schema.properties ?? {})) {
    const place = path === "" ? key : `${path}.${key}`;
    all.push(place, ...(typeof value === "boolean" ? [] : places(value, place)));
  }
  return new Set(all);
}

describe("what flags say together", () => {
  test("is nothing where none was given: no list is empty by accident", () => {
    assert.deepEqual(said(), {});
  });

  test("is the last one's word, but lists and maps add up", () => {
    assert.deepEqual(said("--userns=root", "--userns=keep-id", "-eA=1", "-eA=2", "-eB=3"), {
      userns: "keep-id",
      env: { A: "2", B: "3" },
    });
    assert.deepEqual(said("--cap-add=KILL", "--cap-drop=ALL", "--cap-add=CHOWN"), {
      capabilities: { add: ["KILL", "CHOWN"], drop: ["ALL"] },
    });
  });

  test("is refused where two say the same thing", () => {
    assert.throws(() => said("--rootfs=/a", "--rootfs-tarball=/b"), {
      message: "--rootfs cannot stand beside --rootfs-tarball",
      hint: "There is one root.",
    });
  });

  test("may name a variable as every object has a property", () => {
    for (const name of ["constructor", "__proto__", "toString"]) {
      const { env = {} } = said(`-e${name}=1`, "-eA=2");
      assert.deepEqual(Object.entries(env), [
        [name, "1"],
        ["A", "2"],
      ]);
    }
  });
});

describe("a file and the flags", () => {
  const together = (file: SandboxSpecInput, ...line: string[]) =>
    specOf(file, parseArguments(line, flags, "run"));

  test("add up their lists, and the flag wins where both say one thing", () => {
    const file: SandboxSpecInput = {
      userns: "root",
      capabilities: { add: ["KILL"] },
      ulimits: { core: 0, cpu: { soft: 5, hard: 9 } },
      args: ["file"],
    };
    const line = ["--userns=keep-id", "--cap-add=CHOWN", "--ulimit=cpu=1:-1", "--", "flag"];
    assert.deepEqual(together(file, ...line), {
      userns: "keep-id",
      capabilities: { add: ["KILL", "CHOWN"] },
      ulimits: { core: 0, cpu: { soft: 1, hard: "unlimited" } },
      args: ["flag"],
    });
  });

  test("may say network and namespaces.net: the flag wins in either word", () => {
    const file: SandboxSpecInput = { namespaces: { net: "host", uts: "host" } };
    assert.deepEqual(together(file, "--network=none"), {
      namespaces: { uts: "host" },
      network: { mode: "none" },
    });
    assert.deepEqual(together({ network: { mode: "host" } }, "--namespace=net=new"), {
      namespaces: { net: "new" },
    });
    assert.deepEqual(together(file, "--read-only"), { ...file, readOnly: true });
  });
});

test("merging with nothing, on either side, changes nothing", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
      assert.deepEqual(Object.entries(merge(value, {})), Object.entries(value));
      assert.deepEqual(Object.entries(merge({}, value)), Object.entries(value));
    }),
  );
});
