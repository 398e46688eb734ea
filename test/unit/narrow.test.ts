import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { namespaceTypes } from "../../helper/protocol/namespaces.ts";
import { narrow } from "../../helper/protocol/narrow.ts";
import { overlaid } from "../../helper/protocol/overlaid.ts";
import { overlays } from "../../helper/protocol/overlays.ts";
import { type SandboxSpecInput, sandboxSpec } from "../../helper/protocol/schemas.ts";
import { networkModes } from "../../helper/protocol/sharing.ts";

const folder = "/home/dev/tides";
const home = { workspace: folder };

type Mounts = NonNullable<SandboxSpecInput["mounts"]>;
const bind = (source: string, readOnly = false, target = source): Mounts[number] => ({
  ...{ type: "bind", source, target, readOnly },
});
const hide = (target: string): Mounts[number] => ({ type: "tmpfs", target });

/** What the file asks for beyond what a folder gets by itself, and the one line that says so. */
const wider: Readonly<Record<string, readonly [SandboxSpecInput, string]>> = {
  name: [{ name: "other", overlay: "kept" }, "uses the layer that is kept as: other"],
  rootfs: [{ rootfs: { type: "directory", path: "/" } }, "has as its root: /"],
  userns: [{ userns: "root" }, "is root inside"],
  namespaces: [{ namespaces: { pid: "host" } }, "has the pid namespace of: the host"],
  network: [{ network: { mode: "nat" } }, "has a network: nat"],
  dns: [{ dns: ["192.0.2.1"] }, "asks name servers: 192.0.2.1"],
  workspace: [{ workspace: "/home/dev" }, "can change: /home/dev"],
  overlay: [{ overlay: "ephemeral" }, "has a layer over the root directory: ephemeral"],
  lxcfs: [{ lxcfs: true }, "is shown the machine by lxcfs"],
  mounts: [{ mounts: [bind("/home/dev/.ssh", true)] }, "can read: /home/dev/.ssh"],
  devices: [{ devices: ["/dev/kvm"] }, "opens devices of the host: /dev/kvm"],
  env: [{ env: { BASH_ENV: "./x" } }, "sets variables: BASH_ENV"],
  passEnv: [{ passEnv: ["AWS_SECRET"] }, "is given your variables: AWS_SECRET"],
  limits: [
    { limits: { memoryMinBytes: 4096 } },
    "sets a limit more widely than you: Memory minimum",
  ],
  capabilities: [{ capabilities: { add: ["NET_RAW"] } }, "has capabilities inside: NET_RAW"],
  noNewPrivileges: [{ noNewPrivileges: false }, "may gain privileges by set-uid programs"],
  seccomp: [{ seccomp: "none" }, "may make every system call: no filter"],
  ulimits: [{ ulimits: { core: 0 } }, "sets a resource limit more widely than you: core"],
};

describe("the sandbox.json of a folder that is not trusted", () => {
  for (const [key, [asked, words]] of Object.entries(wider)) {
    test(`may not widen ${key}, unless the user's settings say the same`, () => {
      const answer = narrow(home, asked);
      assert.ok("widens" in answer && answer.widens.includes(words), JSON.stringify(answer));
      assert.ok("spec" in narrow({ ...home, ...asked }, asked));
    });
  }

  test("takes away: network, time, memory, processors, files, privileges", () => {
    const allowed: SandboxSpecInput = {
      ...home,
      ...{ network: { mode: "nat" }, timeout: "2h", limits: { memoryBytes: 4096, pidsMax: 10 } },
      ...{ passEnv: ["LANG", "EDITOR"], capabilities: { add: ["NET_RAW"] }, userns: "root" },
    };
    const asked: SandboxSpecInput = {
      ...{ network: { mode: "none" }, timeout: "1h", userns: "keep-id", readOnly: true },
      ...{ limits: { memoryBytes: 2048, cpusetCpus: "0" }, passEnv: ["LANG"] },
      ...{ capabilities: { add: [], drop: ["ALL"] }, mounts: [bind(folder, true)] },
      ...{ args: ["./install"], landlock: { readOnly: ["/usr"] } },
    };
    const { args: _args, ...taken } = asked;
    const { workspace: _workspace, ...rest } = allowed;
    assert.deepEqual(narrow(allowed, asked), {
      spec: {
        ...{ ...rest, ...taken },
        limits: { memoryBytes: 2048, pidsMax: 10, cpusetCpus: "0" },
      },
    });
  });

  test("cannot uncover what the user hides", () => {
    const secret = `${folder}/.env`;
    const allowed = { ...home, mounts: [bind("/data"), hide("/data/keys"), hide(secret)] };
    for (const asked of [[], [bind("/data")], [bind(folder, true)], [hide("/opt")]]) {
      const answer = narrow(allowed, { mounts: asked });
      assert.ok("spec" in answer);
      const mounts = answer.spec.mounts ?? [];
      const first = mounts.findIndex(({ target }) => target === "/data");
      assert.deepEqual(mounts.slice(first, first + 3), allowed.mounts);
      assert.ok(mounts.slice(first + 3).every(({ type }) => type === "tmpfs"));
    }
  });

  test("cannot take a limit away by a key without a value", () => {
    const allowed = { ...home, limits: { pidsMax: 10 }, seccomp: "default" } as const;
    assert.deepEqual(narrow(allowed, { limits: undefined, seccomp: undefined }), { spec: allowed });
  });
});

const few = <T>(...values: readonly T[]) => fc.constantFrom(...values);
const choice = fc.oneof(few("new" as const), few("host" as const), few({ join: "812" }));
const sparse: { requiredKeys: [] } = { requiredKeys: [] };
const size = fc.integer({ min: 1, max: 4 });
const sizeOf = (unit: number) => size.map((count) => count * unit);
const names = <T extends string>(...all: readonly T[]) => fc.subarray([...all]);

/** Small worlds, so that what is asked and what is allowed often meet. */
const specs: fc.Arbitrary<SandboxSpecInput> = fc
  .record(
    {
      name: few("web", "db"),
      rootfs: few({ type: "host" as const }, { type: "directory" as const, path: "/srv" }),
      userns: few("keep-id" as const, "root" as const),
      namespaces: fc.record(Object.fromEntries(namespaceTypes.map((type) => [type, choice])), {
        requiredKeys: [],
      }),
      network: few(...networkModes).map((mode) => ({ mode })),
      dns: few(["192.0.2.1"], ["192.0.2.2"]),
      hostname: few("a", "b"),
      workspace: few(folder, "/home/dev"),
      overlay: few(...overlays),
      lxcfs: fc.boolean(),
      readOnly: fc.boolean(),
      mounts: fc.array(
        few(
          ...[bind(folder), bind(folder, true), bind("/data"), bind("/data", true)],
          ...[bind(folder, true, "/etc"), hide("/data/keys"), hide(`${folder}/.env`)],
          { type: "sysfs" as const, target: "/sys" },
        ),
        { maxLength: 4 },
      ),
      devices: names("/dev/kvm", "/dev/fuse"),
      env: fc.dictionary(few("A", "B", "constructor"), few("1", "2")),
      passEnv: names("LANG", "TOKEN"),
      limits: fc.record(
        {
          ...{ memoryBytes: sizeOf(1024 ** 2), pidsMax: size, memoryMinBytes: sizeOf(1024 ** 2) },
          ...{ cpuQuotaUs: sizeOf(1_000), cpuPeriodUs: sizeOf(1_000), cpuShares: sizeOf(100) },
        },
        sparse,
      ),
      capabilities: fc.record(
        { add: names("NET_RAW", "KILL"), drop: names("ALL", "KILL") },
        sparse,
      ),
      noNewPrivileges: fc.boolean(),
      seccomp: few("default" as const, "none" as const),
      ulimits: fc.record({ core: size, nofile: size }, sparse),
      landlock: names("/usr", "/etc").map((readOnly) => ({ readOnly })),
      timeout: few("1h", "2h"),
      args: few(["./install"]),
    },
    sparse,
  )
  // As it comes from the helper.
  .map((spec): SandboxSpecInput => JSON.parse(JSON.stringify(spec)));

/** Two that have much in common: what is asked differs in few keys from what is allowed, if at all. */
const pairs = fc
  .tuple(specs, specs, fc.array(fc.nat(40), { maxLength: 3 }), fc.nat(40))
  .map(([allowed, other, changed, from]) => {
    const own = Object.entries(allowed).slice(from);
    const others = Object.entries(other).filter((_, place) => changed.includes(place));
    return [allowed, Object.fromEntries([...own, ...others])] as const;
  });

/** What can be done there, one word each; the other way round than the rules say it. */
function powers(spec: SandboxSpecInput): readonly string[] {
  const { namespaces = {}, network, limits = {}, mounts = [], ulimits = {} } = spec;
  const net = namespaces.net === "host" ? "host" : (network?.mode ?? "none");
  const upTo = (all: readonly string[], one: string) => all.slice(1, all.indexOf(one) + 1);
  return [
    ...namespaceTypes.flatMap((type) => {
      const chosen = namespaces[type] ?? (type === "time" ? "host" : "new");
      return chosen === "new" || type === "net" ? [] : [`${type}: ${JSON.stringify(chosen)}`];
    }),
    ...(typeof namespaces.net === "object" ? [`joins ${namespaces.net.join}`] : []),
    ...upTo(networkModes, net),
    ...upTo(overlays, spec.overlay ?? "none"),
    ...(spec.overlay === "kept" ? [`layer ${spec.name}`] : []),
    `root ${JSON.stringify(spec.rootfs ?? { type: "host" })}`,
    ...(spec.userns === "root" ? ["root inside"] : []),
    ...(spec.lxcfs ? ["lxcfs"] : []),
    ...(spec.readOnly ? [] : ["makes files"]),
    ...(spec.workspace ? [`rw ${spec.workspace}`, `ro ${spec.workspace}`] : []),
    ...mounts.flatMap((mount) => {
      if (mount.type === "tmpfs") return [];
      if (mount.type !== "bind") return [mount.type];
      const place =
        mount.target === mount.source ? mount.source : `${mount.source} ${mount.target}`;
      return mount.readOnly ? [`ro ${place}`] : [`ro ${place}`, `rw ${place}`];
    }),
    ...(spec.devices ?? []),
    ...(spec.dns ?? []),
    ...Object.entries(spec.env ?? {}).map(([name, value]) => `${name}=${value}`),
    ...(spec.passEnv ?? []).map((name) => `$${name}`),
    ...(spec.capabilities?.add ?? []),
    ...(spec.noNewPrivileges === false ? ["set-uid"] : []),
    ...(spec.seccomp === "none" ? ["all calls"] : []),
    ...(spec.landlock ? [] : ["without landlock"]),
    ...(spec.landlock?.readOnly ?? []).map((path) => `landlock ${path}`),
    ...["memoryMinBytes", "cpuShares"].flatMap((name) => {
      const value = Object.entries(limits).find(([one]) => one === name)?.[1];
      return value === undefined ? [] : [`${name} ${value}`];
    }),
    ...Object.keys(ulimits),
  ];
}

/** How much of each there may be at most. */
function amounts({ limits = {}, ulimits = {}, timeout }: SandboxSpecInput): readonly number[] {
  const { cpuQuotaUs = Number.POSITIVE_INFINITY, cpuPeriodUs = 100_000 } = limits;
  const hours = timeout === undefined ? undefined : Number.parseInt(timeout, 10);
  const all = [limits.memoryBytes, limits.pidsMax, hours, ulimits.core, ulimits.nofile];
  return [cpuQuotaUs / cpuPeriodUs, ...all.map((one) => (typeof one === "number" ? one : 1e9))];
}

describe("whatever the file and the settings say, the file", () => {
  test("gives no power and no amount that the settings do not", () => {
    let narrowed = 0;
    fc.assert(
      fc.property(pairs, ([allowed, asked]: readonly [SandboxSpecInput, SandboxSpecInput]) => {
        const answer = narrow(allowed, asked);
        if ("widens" in answer) return assert.ok(answer.widens.length > 0);
        narrowed += 1;
        const { spec } = answer;
        const ruled = new Set([...powers(allowed), ...(asked.landlock ? landlockOf(asked) : [])]);
        assert.deepEqual(
          powers(spec).filter((power) => !ruled.has(power)),
          [],
        );
        const [ours, theirs] = [amounts(spec), amounts(allowed)];
        assert.ok(ours.every((amount, place) => amount <= (theirs[place] ?? 0)));
        assert.equal(spec.args, allowed.args);
        assert.ok("spec" in narrow(allowed, spec));
        assert.ok(sandboxSpec.safeParse(spec).success);
      }),
      { numRuns: 20_000 },
    );
    assert.ok(narrowed > 500, `${narrowed} were narrowed`);
  });

  test("is obeyed where the folder is trusted", () => {
    fc.assert(
      fc.property(specs, specs, (allowed, asked) => {
        const { limits, namespaces, ulimits, env, capabilities, ...whole } = asked;
        const spec = overlaid(allowed, asked);
        assert.deepEqual({ ...spec, ...whole }, spec);
        assert.deepEqual({ ...spec.limits, ...limits }, spec.limits ?? {});
      }),
    );
  });
});

/** A wall where there was none. */
function landlockOf({ landlock }: SandboxSpecInput): readonly string[] {
  return (landlock?.readOnly ?? []).map((path) => `landlock ${path}`);
}
