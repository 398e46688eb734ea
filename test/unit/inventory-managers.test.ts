import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { managerOf } from "../../helper/inventory/cgroups/managers.ts";
import { shownName } from "../../helper/inventory/cgroups/shownName.ts";
import { printable } from "../../helper/protocol/printable.ts";

const id = "6f2c".repeat(16);
const pod = "0f8fad5b-d9cb-469f-a165-70867728950e";

const managers: Readonly<Record<string, string | undefined>> = {
  "/": undefined,
  "/mine": undefined,
  "/terrarium/0123456789ab": "Terrarium",
  "/terrarium/0123456789ab/theirs": undefined,
  "/docker": "Docker",
  [`/docker/${id}`]: "Docker",
  [`/docker/${id}/init`]: undefined,
  [`/system.slice/docker-${id}.scope`]: "Docker",
  [`/user.slice/user-1000.slice/user@1000.service/user.slice/docker-${id}.scope`]:
    "Docker (user 1000)",
  [`/kubepods/burstable/pod${pod}`]: "kubelet",
  [`/kubepods/burstable/pod${pod}/${id}`]: "kubelet",
  "/kubepods.slice/kubepods-burstable.slice": "kubelet",
  [`/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${pod.replaceAll("-", "_")}.slice/cri-containerd-${id}.scope`]:
    "containerd",
  [`/kubepods.slice/kubepods-pod${pod.replaceAll("-", "_")}.slice/crio-${id}.scope`]: "CRI-O",
  [`/machine.slice/libpod-${id}.scope`]: "Podman",
  [`/libpod_parent/libpod-${id}`]: "Podman",
  "/lxc.payload.web": "LXC",
  "/lxc/web": "LXC",
  "/machine.slice/machine-web.scope/payload": "systemd-machined",
  "/machine.slice/systemd-nspawn@web.service": "systemd-nspawn",
  "/user.slice/user-1000.slice/user@1000.service/app.slice/snap.code.code-1234.scope":
    "snap: code (user 1000)",
  "/user.slice/user-1000.slice/user@1000.service/app.slice/app-flatpak-org.gnome.Maps-4711.scope":
    "Flatpak: org.gnome.Maps (user 1000)",
  "/system.slice": "systemd: system.slice",
  "/system.slice/ssh.service": "systemd: ssh.service",
  "/init.scope": "systemd: init.scope",
  "/system.slice/_cpu.service": "systemd: cpu.service",
  "/user.slice/user-1000.slice/user@1000.service/app.slice/a$&b.service":
    "systemd: a$&b.service (user 1000)",
};

describe("who made a cgroup is told by its path:", () => {
  for (const [path, manager] of Object.entries(managers)) {
    test(`${path.replaceAll(id, "ID").replaceAll(pod, "UID")}: ${manager ?? "nobody that is known"}`, () => {
      assert.equal(managerOf(path), manager);
    });
  }

  test("a path as long as one can be takes no longer for being made of what engines write", () => {
    for (const part of ["/kubepods", "/machine-", "/user@1.service", "/docker/"]) {
      assert.equal(managerOf(`${part.repeat(300)}/x`), undefined);
    }
  });
});

test("no two names of cgroups are shown as one, and none can steer a terminal", () => {
  const character = fc.constantFrom(
    "a",
    " ",
    "(",
    ")",
    "1",
    "b",
    "\u001b",
    "\u202e",
    "\ufffd",
    "é",
  );
  const name = fc.string({ unit: character, maxLength: 8 });
  fc.assert(
    fc.property(name, name, (one, other) => {
      assert.equal(printable(shownName(one)), shownName(one));
      if (one !== other) assert.notEqual(shownName(one), shownName(other));
    }),
    { numRuns: 2_000 },
  );
});
