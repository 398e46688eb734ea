import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { ContainerFinder } from "../../helper/inventory/containers/finder.ts";
import { readCgroupMounts } from "../../helper/kernel/cgroupfs.ts";
import { type HostContainer, tableKeys } from "../../helper/protocol/hostTables.ts";
import { contained } from "../unit/container-host.ts";
import { eventually } from "./cli.ts";
import { needsEngine, removeEmptyCgroups, start, startDocker } from "./engines.ts";
import { lookForContainers, readContainerFacts, sourcesOf } from "./hostFacts.ts";
import { needsRoot, startIsolated, strangerId } from "./isolated.ts";

/** Processes that call themselves what they are not. */

const id = "c".repeat(64);
const apart = "unshare --pid --mount --net --fork --kill-child";
const asStranger = ["setpriv", `--reuid=${strangerId}`, `--regid=${strangerId}`, "--clear-groups"];
const shim = ["-namespace", "k8s.io", "-id", id];

interface Impostor {
  readonly folder: string;
  /** A shell that the kernel, too, calls as it wishes, with a child in namespaces of its own. */
  readonly command: readonly string[];
}

/** It works in a directory that is called as its bundle would be, with a file that names things. */
function impostor(
  t: TestContext,
  name: string,
  words: readonly string[],
  { owner = 0, flags = "" } = {},
): Impostor {
  const folder = mkdtempSync(join(tmpdir(), "lies-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  chmodSync(folder, 0o755);
  symlinkSync("/bin/sh", join(folder, name));
  mkdirSync(join(folder, id));
  const annotations = { "io.kubernetes.cri.container-name": "from the file" };
  writeFileSync(join(folder, id, "config.json"), JSON.stringify({ annotations }));
  writeFileSync(join(folder, "script"), `cd ${folder}/${id}; ${apart} ${flags} sleep 600; true`);
  for (const path of [folder, join(folder, id), join(folder, id, "config.json")]) {
    chownSync(path, owner, owner);
  }
  return { folder, command: [join(folder, name), join(folder, "script"), ...words] };
}

/** What an ordinary user needs to have namespaces. */
const flags = "--user --map-root-user";

async function shown(wanted: (row: HostContainer) => boolean): Promise<HostContainer> {
  const finder = new ContainerFinder();
  let row: HostContainer | undefined;
  await eventually("it is shown", async () => {
    row = (await lookForContainers(finder)).find(wanted);
    return row;
  });
  if (!row) throw new Error("it is not shown");
  return row;
}

describe("who calls itself an engine", needsRoot, () => {
  test("as a user has a container of that user's, under a key of its own", async (t) => {
    start(
      t,
      ...asStranger,
      ...impostor(t, "containerd-shim", shim, { owner: strangerId, flags }).command,
    );
    const row = await shown((container) => container.id === id);
    assert.equal(row.user, strangerId);
    assert.equal(tableKeys.containers(row), `kubernetes:${id}@${strangerId}`);
    assert.equal(
      row.evidence.find(({ source }) => source === "parent process")?.source,
      "parent process",
    );
  });

  test("as a user leads the helper to no file of root's", async (t) => {
    start(t, ...asStranger, ...impostor(t, "containerd-shim", shim, { flags }).command);
    const row = await shown((container) => container.id === id);
    assert.deepEqual(sourcesOf(row), ["parent process", "namespaces"]);
    assert.equal(row.name, undefined);
  });

  test("as root in a container leads the helper to no file out here", async (t) => {
    const { command } = impostor(t, "containerd-shim", shim);
    start(t, ...apart.split(" "), ...command);
    const row = await shown((container) => container.id === id);
    assert.match(row.parent ?? "", /^unknown:/);
    assert.deepEqual(sourcesOf(row), ["parent process", "namespaces"]);
  });

  test("as root with mounts of its own leads the helper to no file out here", async (t) => {
    start(t, "unshare", "--mount", ...impostor(t, "containerd-shim", shim).command);
    const row = await shown((container) => container.id === id);
    assert.equal(row.parent, undefined);
    assert.deepEqual(sourcesOf(row), ["parent process", "namespaces"]);
  });

  test("as root on the host is believed: the file is root's", async (t) => {
    start(t, ...impostor(t, "containerd-shim", shim).command);
    const row = await shown((container) => container.name === "from the file");
    assert.equal(row.evidence[0]?.source, "state file");
  });

  test("with escape sequences for a name puts none of them into a row", async (t) => {
    const title = ["-M", "\u001b]0;owned\u0007\u202egnp.exe\n"];
    start(t, ...impostor(t, "systemd-nspawn", title).command);
    const row = await shown(({ engine }) => engine === "nspawn");
    assert.equal(row.name, "\ufffd]0;owned\ufffd\ufffdgnp.exe\ufffd");
    assert.ok(!JSON.stringify(row).includes("\\u00"));
  });

  test("with a name as long as a command line may be has a short one", async (t) => {
    start(t, ...impostor(t, "systemd-nspawn", ["-M", "n".repeat(100_000)]).command);
    const row = await shown(({ engine }) => engine === "nspawn");
    assert.ok(JSON.stringify(row).length < 3_000);
  });
});

describe("a user's directory of state", needsRoot, () => {
  test("speaks of the user's own processes, and of nobody else's", async (t) => {
    const home = `/run/user/${strangerId}`;
    t.after(() => rmSync(home, { recursive: true, force: true }));
    const mine = await startIsolated(
      t,
      ["--user", "--pid", "--mount", "--fork"],
      undefined,
      asStranger,
    );
    const roots = await startIsolated(t, ["--user", "--pid", "--mount", "--net", "--fork"]);
    for (const [name, { pid }] of Object.entries({ mine, lie: roots })) {
      mkdirSync(join(home, "crun", name), { recursive: true });
      writeFileSync(join(home, "crun", name, "status"), JSON.stringify({ pid }));
    }
    execFileSync("chown", ["-R", `${strangerId}:${strangerId}`, home]);
    const row = await shown(({ engine }) => engine === "crun");
    assert.equal(row.name, "mine");
    assert.equal(row.user, strangerId);
    const other = await shown(({ pid }) => pid === roots.pid);
    assert.equal(other.engine, "unknown");
  });
});

describe("who has the id of a container of Docker's", needsEngine("docker"), () => {
  test("in a cgroup of a user's, or inside that container, has not its name", async (t) => {
    const { client } = await startDocker(t);
    const run = ["run", "-d", "--name", "web", "--network", "none", "bench:1", "sleep", "600"];
    const real = client(...run);
    const scope = `/user.slice/user-1000.slice/user@1000.service/docker-${real}.scope`;
    const liars = [scope, `/docker/${real}/docker/${real}`].map((path, index) =>
      contained({ pid: index + 1, cgroups: { pids: path } }),
    );
    const finder = new ContainerFinder();
    const look = () => {
      const facts = readContainerFacts();
      return finder.find({ ...facts, processes: [...facts.processes, ...liars] }).containers;
    };
    look();
    while (await finder.enrich()) look();
    const names = look().filter((row) => row.id === real);
    assert.deepEqual(
      names.map((row) => row.name),
      ["web", undefined, undefined],
    );
  });
});

describe("a container of root's whose parent is a user's process", needsRoot, () => {
  test("is told nothing by files that this one names", async (t) => {
    const { folder, command } = impostor(t, "conmon", ["-c", id], { flags });
    const bundle = join(folder, "storage", id, "userdata");
    mkdirSync(bundle, { recursive: true });
    const stored = [{ id, names: ["from the file"], metadata: "{}" }];
    writeFileSync(join(folder, "storage/containers.json"), JSON.stringify(stored));
    start(t, ...asStranger, ...command, "-b", bundle);
    const before = await shown((row) => row.id === id);
    const place = join(readCgroupMounts().hierarchies[0]?.mountPoint ?? "", `libpod-${id}`);
    t.after(() =>
      eventually("the cgroup is empty, and gone", () => {
        removeEmptyCgroups(`libpod-${id}`);
        return !existsSync(place);
      }),
    );
    mkdirSync(place);
    writeFileSync(join(place, "cgroup.procs"), `${before.pid}`);
    const row = await shown((container) => container.id === id && container.user === undefined);
    assert.notEqual(row.name, "from the file");
  });
});
