import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  type NamespaceType,
  namespaceFacts,
  namespaceTypes,
} from "../../helper/protocol/namespaces.ts";
import { innerPid, mainProcess } from "../../helper/protocol/processes.ts";
import { parameterSchemas, sandboxName, sandboxSpec } from "../../helper/protocol/schemas.ts";
import { methods } from "../../helper/server/methods.ts";

type MethodName = keyof typeof parameterSchemas;

/** The least that each method accepts. */
const smallest: { readonly [M in MethodName]: Readonly<Record<string, unknown>> } = {
  initialize: { client: "test", protocol: 1 },
  "sandbox/parse": { text: "", folder: "/" },
  "sandbox/plan": { spec: {} },
  "sandbox/export": { spec: {}, as: "docker" },
  "sandbox/create": { spec: {} },
  "sandbox/start": { target: "x" },
  "sandbox/list": {},
  "sandbox/inspect": { target: "x" },
  "sandbox/isolation": { target: "x" },
  "sandbox/exec": { target: "x" },
  "sandbox/stop": { target: "x" },
  "sandbox/kill": { target: "x" },
  "sandbox/pause": { target: "x" },
  "sandbox/unpause": { target: "x" },
  "sandbox/remove": { target: "x" },
  "limits/read": { target: "x" },
  "limits/update": { target: "x", limits: {} },
  "limits/keep": { revert: "0123456789ab" },
  "limits/revert": { revert: "0123456789ab" },
  "layer/list": {},
  "layer/remove": { name: "x" },
  "process/enter": { pid: 1 },
  "process/entry": { pid: 1 },
  "process/inspect": { pid: 1 },
  "process/mounts": { pid: 1 },
  "process/isolation": { pid: 1 },
  "process/compare": { left: "1", right: "web" },
  "process/kill": { pid: 1, startTimeTicks: 1 },
  "target/processes": { target: "x" },
  "host/authorise": { what: "inspect" },
  "host/features": {},
  "host/doctor": {},
  "inventory/read": { tables: ["processes", "namespaces"], types: ["net"] },
  "inventory/watch": { tables: { processes: 3 } },
  "usage/sample": { targets: [] },
  "usage/watch": { targets: [] },
  "usage/history": { target: "x" },
  "events/watch": {},
  "events/history": {},
};

const names = Object.keys(smallest) as MethodName[];

function accepts(name: MethodName, parameters: unknown): boolean {
  return parameterSchemas[name].safeParse(parameters).success;
}

const acceptsSpec = (spec: unknown) => sandboxSpec.safeParse(spec).success;

describe("the parameters of every method", () => {
  test("have a schema and a handler, and nothing else has", () => {
    assert.deepEqual(Object.keys(methods).sort(), [...names].sort());
    assert.deepEqual(Object.keys(parameterSchemas).sort(), [...names].sort());
  });

  test("are accepted in their smallest form", () => {
    for (const name of names) assert.ok(accepts(name, smallest[name]), name);
  });

  test("are refused with an unknown key, but for a client's that only introduces itself", () => {
    for (const name of names.filter((name) => name !== "initialize")) {
      for (const key of ["extra", "__proto__", "constructor", "Target"]) {
        const hostile = JSON.parse(
          JSON.stringify(smallest[name]).replace("{", `{"${key}":1,`).replace(",}", "}"),
        );
        assert.ok(!accepts(name, hostile), `${name} ${key}`);
      }
    }
  });

  test("are refused when they are no object", () => {
    for (const name of names) {
      for (const value of [null, [], "text", 1, true]) assert.ok(!accepts(name, value), name);
    }
  });

  test("never make a schema throw", () => {
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.jsonValue(), (name, value) => {
        accepts(name, value);
      }),
    );
  });
});

describe("a sandbox's name", () => {
  test("is letters, digits, dot, underscore and hyphen", () => {
    for (const name of ["a", "0a", "2024.10", "tide-table", "v1.2_b", "A".repeat(63)]) {
      assert.ok(sandboxName.safeParse(name).success, name);
    }
  });

  test("means nothing to a path, a shell, a terminal or an option parser", () => {
    for (const name of [
      "",
      ".",
      "..",
      "../x",
      "a/b",
      "/a",
      "-rf",
      "_a",
      "a b",
      "a\n",
      "a\0",
      "a\u001b[2J",
      "é",
      "$(id)",
      "A".repeat(64),
      "A".repeat(300),
    ]) {
      assert.ok(!sandboxName.safeParse(name).success, JSON.stringify(name));
    }
  });
});

test("a sandbox is never named like a process id", () => {
  for (const name of ["0", "42", "4194304", "000000000000"]) {
    assert.ok(!sandboxName.safeParse(name).success, name);
  }
});

describe("a host name", () => {
  test("is what hostname(7) allows", () => {
    for (const hostname of ["a", "terrarium-1", "9lives", "a".repeat(63)]) {
      assert.ok(acceptsSpec({ hostname }), hostname);
    }
    for (const hostname of ["", "-a", "a-", "a.b", "a_b", "a\n", "a".repeat(64)]) {
      assert.ok(!acceptsSpec({ hostname }), JSON.stringify(hostname));
    }
  });
});

describe("paths, arguments and variables", () => {
  test("hold no NUL", () => {
    for (const spec of [
      { workdir: "/a\0b" },
      { workspace: "/a\0" },
      { args: ["sh", "a\0b"] },
      { env: { A: "b\0c" } },
      { env: { "A\0": "b" } },
      { rootfs: { type: "directory", path: "/a\0" } },
      { mounts: [{ type: "bind", source: "/a\0", target: "/b" }] },
      { mounts: [{ type: "bind", source: "/a", target: "/b\0" }] },
    ]) {
      assert.ok(!acceptsSpec(spec), JSON.stringify(spec));
    }
  });

  test("of files are absolute and no longer than the kernel's", () => {
    assert.ok(acceptsSpec({ workdir: `/${"a".repeat(4094)}` }));
    assert.ok(!acceptsSpec({ workdir: `/${"a".repeat(4095)}` }));
    assert.ok(!acceptsSpec({ workdir: "a" }));
    assert.ok(!acceptsSpec({ workdir: "" }));
  });

  test("keep line breaks, which are ordinary characters to the kernel", () => {
    assert.ok(acceptsSpec({ args: ["sh", "-c", "a\nb"], env: { A: "b\nc" }, workdir: "/a\nb" }));
  });

  test("are bounded in number", () => {
    assert.ok(!acceptsSpec({ args: [] }));
    assert.ok(!acceptsSpec({ args: Array(4097).fill("x") }));
    const mount = { type: "bind", source: "/a", target: "/b" };
    assert.ok(!acceptsSpec({ mounts: Array(257).fill(mount) }));
  });

  test("of the environment have a variable's name", () => {
    for (const name of ["", "1A", "A-B", "A=B", "A B", "é"]) {
      assert.ok(!acceptsSpec({ env: { [name]: "x" } }), name);
    }
    assert.ok(acceptsSpec({ env: { _A1: "" } }));
  });
});

describe("an empty spec", () => {
  test("is the safest sandbox", () => {
    assert.deepEqual(sandboxSpec.parse({}), {
      rootfs: { type: "host" },
      userns: "keep-id",
      namespaces: {},
      overlay: "none",
      lxcfs: false,
      readOnly: false,
      mounts: [],
      env: {},
      passEnv: [],
      init: true,
      limits: {},
      capabilities: {},
      noNewPrivileges: true,
      seccomp: "default",
      ulimits: {},
    });
  });

  test("and its volumes are writable only when they do not say otherwise", () => {
    const [mount] = sandboxSpec.parse({
      mounts: [{ type: "bind", source: "/a", target: "/b" }],
    }).mounts;
    const bind = { type: "bind", source: "/a", target: "/b", recursive: true };
    assert.deepEqual(mount, { ...bind, readOnly: false });
  });

  test("cannot share a root, a user namespace or a mount type that does not exist", () => {
    assert.ok(!acceptsSpec({ userns: "host" }));
    assert.ok(!acceptsSpec({ rootfs: { type: "image", path: "/a" } }));
    assert.ok(!acceptsSpec({ rootfs: { type: "host", path: "/a" } }));
    assert.ok(!acceptsSpec({ mounts: [{ type: "overlay", source: "/a", target: "/b" }] }));
  });
});

describe("process ids and types", () => {
  test("are whole numbers of the kernel's range", () => {
    for (const pid of [0, -1, 1.5, 4_194_305, "1", null, Number.NaN]) {
      assert.ok(!accepts("process/inspect", { pid }), String(pid));
    }
    assert.ok(accepts("process/inspect", { pid: 4_194_304 }));
  });

  test("an empty choice of namespaces is refused, not taken for all", () => {
    assert.ok(!accepts("process/enter", { pid: 1, only: [] }));
    assert.ok(!accepts("process/enter", { pid: 1, only: ["network"] }));
    assert.ok(accepts("process/enter", { pid: 1, only: [...namespaceTypes] }));
  });
});

test("each namespace type is explained by its own clone flag", () => {
  const flags = Object.values(namespaceFacts).map(({ cloneFlag }) => cloneFlag);
  assert.equal(new Set(flags).size, 8);
  assert.deepEqual(Object.keys(namespaceFacts), [...namespaceTypes] satisfies NamespaceType[]);
});

describe("the process that stands for a sandbox", () => {
  const process = (pid: number, inner: number) => ({
    pid,
    nestedPids: [pid, inner],
    parentPid: 0,
    uid: 0,
    command: "",
    commandLine: "",
    startTimeTicks: 0,
  });

  test("is its command, not our init", () => {
    const [init, command] = [process(100, 1), process(101, 2)];
    assert.equal(mainProcess([init, command]), command);
  });

  test("is PID 1 when that is the command, and nobody when it is empty", () => {
    const only = process(100, 1);
    assert.equal(mainProcess([only]), only);
    assert.equal(mainProcess([]), undefined);
  });

  test("has the pid of the innermost namespace", () => {
    assert.equal(innerPid(process(4711, 1)), 1);
    assert.equal(innerPid({ ...process(4711, 1), nestedPids: [] }), 4711);
  });
});
