import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Claim } from "../../helper/inventory/containers/engine.ts";
import { engines } from "../../helper/inventory/containers/engines.ts";
import { claimOf } from "../../helper/inventory/containers/monitors.ts";
import { contained, processOf } from "./container-host.ts";

/** What each engine reads in arguments, files and answers, which whoever wrote them chose. */

const id = "e".repeat(64);
const child = contained({ pid: 3, parentPid: 2 });

function said(command: string, words: readonly string[]): Claim | undefined {
  return claimOf(processOf({ pid: 2, command }), words, child);
}

describe("the arguments of", () => {
  const shim = "/usr/bin/containerd-shim-runc-v2";
  const rows: readonly [string, readonly string[], Partial<Claim> | undefined][] = [
    ["containerd-shim", [shim, "-namespace", "moby", "-id", id], { engine: "docker", id }],
    ["containerd-shim", [shim, "-namespace", "k8s.io", "-id", id], { engine: "kubernetes", id }],
    // https://github.com/siderolabs/talos/pull/3950
    [
      "containerd-shim",
      "/bin/containerd-shim-runc-v2 -namespace system -id apid -address /system/run/containerd/containerd.sock".split(
        " ",
      ),
      { engine: "containerd", id: "system/apid", name: "apid" },
    ],
    // https://github.com/containerd/containerd/issues/3133
    [
      "containerd-shim",
      "containerd-shim -namespace k8s.io -workdir /var/data/cripersistentstorage/io.containerd.runtime.v1.linux/k8s.io/3df55f0a097e2f137879866879a8a05cdb999a03d5de435f4c2f66c04b7bb8df -address /run/containerd/containerd.sock".split(
        " ",
      ),
      {
        engine: "kubernetes",
        id: "3df55f0a097e2f137879866879a8a05cdb999a03d5de435f4c2f66c04b7bb8df",
      },
    ],
    ["containerd-shim", [shim, "-namespace", "constructor", "-id", "x"], { engine: "containerd" }],
    ["containerd-shim", [shim, "-namespace"], undefined],
    ["conmon", ["conmon", "-c", id, "-n", "web"], { engine: "podman", id, name: "web" }],
    ["conmon", ["conmon", "-c", "short", "-n", "web"], undefined],
    // https://github.com/cri-o/cri-o/issues/6189
    [
      "conmon",
      "/usr/bin/conmon -b /run/containers/storage/overlay-containers/0eb77e3614f6dca1b13a1f57ad21168f38bc226c1cdad438346fa666468f3add/userdata -c 0eb77e3614f6dca1b13a1f57ad21168f38bc226c1cdad438346fa666468f3add --exit-dir /var/run/crio/exits -n k8s_kube-scheduler_kube-scheduler-d_kube-system_767081f8d4a1e549747c8b66d4842b25_1".split(
        " ",
      ),
      {
        engine: "cri-o",
        id: "0eb77e3614f6dca1b13a1f57ad21168f38bc226c1cdad438346fa666468f3add",
        name: "kube-scheduler",
        pod: { name: "kube-scheduler-d", namespace: "kube-system" },
      },
    ],
    ["lxc-start", ["[lxc monitor] /var/lib/lxc web"], { engine: "lxc", id: "web" }],
    ["lxc-start", ["lxc-start", "-n", "web"], undefined],
    ["systemd-nspawn", ["systemd-nspawn", "--machine=web", "-b"], { engine: "nspawn", id: "web" }],
    ["systemd-nspawn", ["systemd-nspawn", "-D", "/srv/web"], { engine: "nspawn", id: "web" }],
    ["systemd-nspawn", ["systemd-nspawn", "-i", "/srv/web.raw"], { engine: "nspawn", id: "web" }],
    ["bwrap", ["bwrap", "--unshare-all", "--", "/bin/sh"], { engine: "bubblewrap", name: "sh" }],
    [
      "bwrap",
      ["bwrap", "--ro-bind", "/usr", "/usr", "--proc", "/proc", "/bin/sleep", "3000"],
      { engine: "bubblewrap", name: "sleep" },
    ],
    ["sh", ["conmon", "-c", id], undefined],
  ];
  for (const [command, words, expected] of rows) {
    test(`${words.join(" ").slice(0, 90)} say ${expected?.engine ?? "nothing"}`, () => {
      const claim = said(command, words);
      if (expected === undefined) return assert.equal(claim, undefined);
      assert.deepEqual({ ...claim, ...expected }, { ...claim });
    });
  }

  test("whatever is called a monitor never stop the reader", () => {
    const word = fc.oneof(
      fc.constantFrom(
        "-namespace",
        "-id",
        "-c",
        "-n",
        "-b",
        "-M",
        "-D",
        "--",
        "--machine=",
        "=",
        id,
      ),
      fc.string({ unit: "binary" }),
    );
    const names = engines.flatMap(({ monitors }) => Object.keys(monitors ?? {}));
    const command = fc.constantFrom(...names.map((name) => name.slice(0, 15)));
    fc.assert(
      fc.property(command, fc.array(word), (name, words) => {
        const claim = said(name, words);
        assert.ok(claim === undefined || claim.id !== "");
      }),
    );
  });
});

describe("a file of state", () => {
  const stateful = engines.flatMap((engine) => (engine.state ? [engine.state] : []));

  test("is read as its engine writes it", () => {
    const [runc, crun] = stateful;
    const state = { id: "web", init_process_pid: 12, init_process_start: 34 };
    assert.deepEqual(
      { ...runc?.parse(JSON.stringify(state), "web"), claim: undefined },
      { pid: 12, startTimeTicks: 34, claim: undefined },
    );
    const status = { pid: 12, "process-start-time": 34 };
    assert.equal(crun?.parse(JSON.stringify(status), "web")?.startTimeTicks, 34);
  });

  test("that speaks of another container than its directory does says nothing", () => {
    const state = { id: "other", init_process_pid: 12, init_process_start: 34 };
    assert.equal(stateful[0]?.parse(JSON.stringify(state), "web"), undefined);
  });

  test("may hold anything", () => {
    const text = fc.oneof(fc.string(), fc.json(), fc.constant("null"), fc.constant("[]"));
    fc.assert(
      fc.property(text, (content) => {
        for (const state of stateful) assert.equal(state.parse(content, "web"), undefined);
        for (const { socket } of engines) {
          assert.equal(socket?.parse(parsed(content)).size ?? 0, 0);
        }
      }),
    );
  });
});

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

describe("an engine's answer", () => {
  const answerOf = (name: string, answer: unknown) =>
    engines
      .find((engine) => engine.name === name)
      ?.socket?.parse(answer)
      .get(id);

  test("names a container of Docker, and not what it is linked to", () => {
    const row = { Id: id, Names: ["/proxy/web", "/web"], Image: "shop:2" };
    assert.deepEqual(answerOf("docker", [row]), { name: "web", image: "shop:2" });
  });

  test("names a container of Podman and its pod", () => {
    const row = { Id: id, Names: ["web"], Image: "shop:2", PodName: "shop", Pid: 1 };
    const expected = { name: "web", image: "shop:2", pod: { name: "shop" } };
    assert.deepEqual(answerOf("podman", [row]), expected);
  });
});
