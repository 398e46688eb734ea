import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { powersOf } from "../../helper/protocol/powers.ts";
import type { SandboxSpecInput } from "../../helper/protocol/schemas.ts";

const folder = "/home/dev/tides";

/** What is asked for, and the one line that says so. */
const rows: readonly (readonly [string, SandboxSpecInput, string])[] = [
  [
    "the host's network",
    { network: { mode: "host" } },
    "uses the host's network, with what listens on its loopback",
  ],
  ["a way out", { network: { mode: "nat" } }, "reaches the internet and the local network"],
  ["a link", { network: { mode: "veth" } }, "can be reached from this machine, by a network link"],
  ["the host's processes", { namespaces: { pid: "host" } }, "sees the host's processes"],
  [
    "another's namespace",
    { namespaces: { net: { join: "812" } } },
    "joins the net namespace of: 812",
  ],
  [
    "a device",
    { devices: ["/dev/kvm:/dev/kvm:rw"] },
    "opens devices of the host: /dev/kvm:/dev/kvm:rw",
  ],
  ["no filter", { seccomp: "none" }, "may make every system call: no filter"],
  ["set-uid programs", { noNewPrivileges: false }, "may gain privileges by set-uid programs"],
  [
    "capabilities",
    { capabilities: { add: ["NET_RAW", "SYS_PTRACE"] } },
    "has capabilities inside: NET_RAW, SYS_PTRACE",
  ],
  [
    "a folder to write",
    { mounts: [{ type: "bind", source: "/home/dev", target: "/x" }] },
    "can change: /home/dev",
  ],
  [
    "a folder to read",
    { mounts: [{ type: "bind", source: "/home/dev/.ssh", target: "/x", readOnly: true }] },
    "can read: /home/dev/.ssh",
  ],
  ["another workspace", { workspace: "/srv" }, "can change: /srv"],
  ["a root directory", { rootfs: { type: "directory", path: "/srv" } }, "can change: /srv"],
  [
    "a root directory below a layer",
    { rootfs: { type: "directory", path: "/srv" }, overlay: "kept" },
    "can read: /srv",
  ],
  [
    "variables",
    { passEnv: ["AWS_SECRET_ACCESS_KEY"] },
    "is given your variables: AWS_SECRET_ACCESS_KEY",
  ],
];

describe("what a sandbox.json asks for beyond the default", () => {
  for (const [name, spec, line] of rows) {
    test(`names ${name}`, () => assert.deepEqual(powersOf(spec, folder), [line]));
  }

  test("is nothing for limits, a name and the folder itself", () => {
    const spec: SandboxSpecInput = {
      name: "tides",
      limits: { pidsMax: 64 },
      workspace: folder,
      mounts: [{ type: "tmpfs", target: "/scratch" }],
      capabilities: { drop: ["ALL"] },
    };
    assert.deepEqual(powersOf(spec, folder), []);
  });

  test("stays short, and says how much it leaves out", () => {
    const passEnv = Array.from({ length: 256 }, (_, i) => `V${i}`.padEnd(200, "X"));
    const [line = ""] = powersOf({ passEnv }, folder);
    assert.ok(line.length < 500);
    assert.match(line, /… and 251 more$/);
  });
});
