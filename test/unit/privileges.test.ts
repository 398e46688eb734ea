import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { PlannedMount } from "../../helper/protocol/plan.ts";
import { type SandboxSpecInput, sandboxSpec } from "../../helper/protocol/schemas.ts";
import { type Asker, planIdentity } from "../../helper/sandboxes/identity/identity.ts";
import {
  privilegeOptions as launcherOptions,
  planPrivileges,
} from "../../helper/sandboxes/plan/privileges.ts";

const dev: Asker = { uid: 1000, gid: 1000, name: "dev", home: "/home/dev", shell: "/bin/sh" };
const writable: PlannedMount = { kind: "bind", source: "/srv/tides", target: "/srv/tides" };

function options(input: SandboxSpecInput, mounts: readonly PlannedMount[] = []): string {
  const spec = sandboxSpec.parse(input);
  const identity = planIdentity(dev, spec.userns, undefined);
  return launcherOptions(spec, planPrivileges(spec, identity, mounts)).join(" ");
}

describe("the capabilities of a spec", () => {
  const root = (add: string[], drop: string[]) =>
    options({ userns: "root", capabilities: { add, drop } }).replaceAll("--keep-cap ", "");

  test("are Docker's rule: defaults, less dropped, and added", () => {
    assert.equal(root([], ["ALL"]), "");
    assert.equal(root(["net_raw", "CAP_SYS_PTRACE"], ["ALL"]), "net_raw sys_ptrace");
    assert.doesNotMatch(root([], ["CHOWN"]), /chown/);
    assert.match(root([], ["CHOWN"]), /^dac_override /);
    assert.equal(root(["ALL"], ["ALL"]), root(["ALL"], []));
  });

  test("lack what both lists name", () => {
    assert.equal(root(["KILL"], ["ALL", "KILL"]), "");
    assert.doesNotMatch(root(["ALL"], ["SYS_ADMIN"]), /sys_admin/);
  });

  test("of an ordinary user are none, and what is added is ambient", () => {
    assert.equal(options({}), "");
    assert.equal(options({ capabilities: { add: ["KILL"] } }), "--ambient-cap kill");
  });

  test("never hold what a writable part of the host would make the host's", () => {
    const all = { capabilities: { add: ["ALL"] } };
    assert.match(options(all), /setfcap/);
    assert.doesNotMatch(options(all, [writable]), /setfcap|fsetid/);
    assert.match(options(all, [{ ...writable, readOnly: true }]), /setfcap/);
    const shared = { ...all, namespaces: { mnt: { join: "other" } } };
    assert.doesNotMatch(options(shared), /setfcap|fsetid/);
    assert.throws(() => options({ ...shared, seccomp: "none" }), /mount namespace that it shares/);
  });

  test("cannot mount, without the filter, beside anything of the host's: read-only could be undone", () => {
    const bind = { type: "bind", source: "/srv/tides", target: "/tides", readOnly: true } as const;
    const free: SandboxSpecInput = { seccomp: "none", mounts: [bind] };
    for (const add of ["SYS_ADMIN", "ALL"]) {
      assert.throws(() => options({ ...free, capabilities: { add: [add] } }), /made writable/);
    }
    options({ ...free, capabilities: { add: ["ALL"], drop: ["SYS_ADMIN"] } });
    options({ mounts: [bind], capabilities: { add: ["ALL"] } });
  });
});

test("what closes becomes the launcher's options; an empty list closes all", () => {
  const ulimits = { nofile: { soft: 5, hard: "unlimited" as const }, core: 0 };
  assert.equal(options({ ulimits }), "--rlimit core 0:0 --rlimit nofile 5:unlimited");
  assert.equal(options({ landlock: { readOnly: [] } }), "--landlock");
  assert.equal(options({ landlock: { scopes: ["signals"] } }), "--scope signals");
  assert.equal(options({ seccomp: "none" }), "--seccomp none");
});
