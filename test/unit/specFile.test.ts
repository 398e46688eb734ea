import assert from "node:assert/strict";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import fc from "fast-check";
import { folderVariable } from "../../helper/protocol/sandboxFile.ts";
import { sandboxSpec } from "../../helper/protocol/schemas.ts";
import { parseJsonc } from "../../helper/sandboxes/jsonc.ts";
import { readSandboxFile } from "../../helper/sandboxes/specFile.ts";

const folder = "/home/dev/tides";
const read = (text: string) => readSandboxFile(text, folder);

describe("sandbox.json", () => {
  test("says what a spec says, in units", () => {
    const spec = read(`{
      "name": "web", "hostname": "tide-table", "userns": "root",
      "rootfs": { "type": "directory", "path": "./root" },
      "limits": { "cpus": 1.5, "memory": "512m", "pids": 200 },
      "env": { "NODE_ENV": "test" }, "passEnv": ["EDITOR"], "args": ["node", "server.js"]
    }`);
    assert.deepEqual(spec, {
      name: "web",
      hostname: "tide-table",
      userns: "root",
      rootfs: { type: "directory", path: `${folder}/root` },
      limits: {
        cpuPeriodUs: 100_000,
        cpuQuotaUs: 150_000,
        memoryBytes: 512 * 1024 * 1024,
        pidsMax: 200,
      },
      env: { NODE_ENV: "test" },
      passEnv: ["EDITOR"],
      args: ["node", "server.js"],
    });
    assert.ok(sandboxSpec.safeParse(spec).success);
  });

  test("says nothing that was not written: defaults belong to whoever uses it", () => {
    assert.deepEqual(read("{}"), {});
  });

  test("puts the file's folder for the variable, and begins relative paths there", () => {
    const spec = read(`{
      "workdir": "${folderVariable}/src",
      "mounts": [{ "type": "bind", "source": "../data", "target": "/data", "readOnly": true }],
      "args": ["echo", "${folderVariable}", "$HOME"]
    }`);
    assert.equal(spec.workdir, `${folder}/src`);
    const [mount] = spec.mounts ?? [];
    assert.ok(mount?.type === "bind" && mount.source === "/home/dev/data");
    assert.deepEqual(spec.args, ["echo", folder, "$HOME"]);
  });

  test("names nothing beyond its folder by a link in there, which its text does not tell", (t) => {
    const here = mkdtempSync(join(tmpdir(), "terrarium-file-"));
    t.after(() => rmSync(here, { recursive: true }));
    symlinkSync("/etc", join(here, "data"));
    const keys = [
      '"workspace": "./data"',
      '"rootfs": { "type": "directory", "path": "./data" }',
      '"mounts": [{ "type": "bind", "source": "./data/ssl", "target": "/ssl", "readOnly": true }]',
    ];
    for (const key of keys) {
      assert.throws(() => readSandboxFile(`{ ${key} }`, here), /leads it to \/etc/);
    }
    readSandboxFile('{ "workspace": "/etc" }', here);
  });

  test("a tmpfs has its size in Docker's words", () => {
    const { mounts } = read(
      '{ "mounts": [{ "type": "tmpfs", "target": "/t", "size": "64m", "mode": "700" }] }',
    );
    const tmpfs = { type: "tmpfs", target: "/t", sizeBytes: 64 * 1024 * 1024, mode: "700" };
    assert.deepEqual(mounts, [tmpfs]);
  });

  test("a folder whose name holds $& or the variable itself is put in as it is", () => {
    const odd = `/home/dev/$&${folderVariable}`;
    const text = JSON.stringify({ workdir: folderVariable });
    assert.equal(readSandboxFile(text, odd).workdir, odd);
  });

  test("mounts its own folder as a workspace, so that git's hooks are guarded", () => {
    const bind = `{ "type": "bind", "source": "${folderVariable}", "target": "${folderVariable}"`;
    const spec = read(`{ "mounts": [${bind} }] }`);
    assert.equal(spec.workspace, folder);
    assert.deepEqual(spec.mounts, []);
    const readOnly = read(`{ "mounts": [${bind}, "readOnly": true }] }`);
    assert.equal(readOnly.workspace, undefined);
    assert.equal(readOnly.mounts?.length, 1);
  });
});

describe("a mistake in sandbox.json", () => {
  const mistakes: readonly (readonly [text: string, says: RegExp])[] = [
    ['{ "overlay": "keep" }', /overlay: must be one of none, .*; did you mean "kept"\?/],
    ['{ "userns": 5 }', /userns: must be one of keep-id, root\./],
    ['{ "mounts": [{ "type": "bnid" }] }', /mounts\.0\.type: .*did you mean "bind"\?/],
    ['{ "ulimits": { "nofil": 1 } }', /ulimits: .*"nofil"; did you mean "nofile"\?/],
    ['{ "nmae": "web" }', /no key "nmae"; did you mean "name"\?/],
    ['{ "mounts": [{ "type": "tmpfs", "target": "/t", "mode": "4755" }] }', /octal mode/],
    ['{ "mounts": [{ "type": "tmpfs", "target": "/t", "size": "1k" }] }', /from 4096 bytes/],
    ['{ "mounts": [{ "type": "nfs", "target": "/t" }] }', /mounts.0/],
    ['{ "limits": { "memroy": "1g" } }', /limits: .*"memroy"; did you mean "memory"\?/],
    ['{ "rootfs": { "type": "directory", "pth": "/x", "path": "/" } }', /did you mean "path"\?/],
    [
      '{ "mounts": [{ "type": "bind", "source": "/a", "target": "/b", "readonly": true }] }',
      /mounts\.0: .*did you mean "readOnly"\?/,
    ],
    ['{ "zzzzzzzz": 1 }', /there are .*name/],
    ['{ "limits": { "memory": "lots" } }', /limits\.memory: .*bytes/],
    ['{ "limits": { "memory": "1k" } }', /limits\.memory: .*from 1048576 bytes up/],
    ['{ "limits": { "cpus": 1, "cpuQuota": 5000 } }', /cpus cannot stand beside/],
    ['{ "workspace": "tides" }', /workspace: must be absolute/],
    ['{ "env": { "A=B": "1" } }', /env.*variable's name/],
    ['{ "name": "web" ', /sandbox\.json: .*JSON/],
    ["[]", /sandbox\.json: /],
    ['{ "__proto__": {} }', /no key "__proto__"/],
  ];
  for (const [text, says] of mistakes) {
    test(`${text} is answered in one sentence`, () => {
      assert.throws(() => read(text), says);
    });
  }
});

describe("JSON with comments", () => {
  test("may have comments and a comma after the last element", () => {
    assert.deepEqual(parseJsonc('\u{feff}{ // a\n "a": [1, 2, /* b */ ], }'), { a: [1, 2] });
  });

  test("leaves strings alone that look like comments or commas", () => {
    const text = { "//": "/* no */", b: ",}", c: '\\"//', d: ["http://x/*", "*/"] };
    assert.deepEqual(parseJsonc(JSON.stringify(text)), text);
  });

  test("reads whatever JSON reads, to the same value", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value);
        assert.deepEqual(parseJsonc(text), JSON.parse(text));
      }),
    );
  });

  test("says the line of a mistake as it stands in the file", () => {
    assert.throws(() => parseJsonc('// one\n/* two\nthree */\n{ "a": 1 "b" }'), /line 4/);
  });
});
