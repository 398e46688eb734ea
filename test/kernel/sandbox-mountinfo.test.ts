import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { parseMountinfo } from "../../helper/kernel/mountinfo.ts";
import { shell } from "./inside.ts";
import { needsRoot } from "./isolated.ts";
import { makeRootfs } from "./rootfs.ts";

/**
 * The whole mount tree of each profile, word by word: what goes wrong with a mount is most often a flag
 * that was lost (crun 1.29 lost nosuid and a read-only /sys).
 */

const folder = mkdtempSync(join(tmpdir(), "terrarium-mountinfo-"));
const rootfs = makeRootfs(join(folder, "rootfs"));
after(() => rmSync(folder, { recursive: true, force: true }));

const kernel = "ro,nosuid,nodev,noexec,relatime";

/** There where the host's kernel has what they mask (Docker's lists). */
const masks: readonly (readonly [RegExp, string])[] = [
  [/^\/proc\/(acpi|asound|scsi) tmpfs/, kernel],
  [
    /^\/proc\/(interrupts|kcore|keys|latency_stats|sched_debug|timer_\w+) devtmpfs/,
    "rw,nosuid,noexec,relatime",
  ],
  [/^\/proc\/(bus|fs|irq|sys|sysrq-trigger) proc/, kernel],
  [/^\/sys\/(firmware|devices\/\S+) tmpfs/, kernel],
  [/^\/sys\/fs\/cgroup\/\S+ cgroup2?/, kernel],
];

/** On the host a /bin may be a directory, and an /opt may be missing. */
const programs = /^\/(usr|opt|s?bin|lib\w*) /;

async function mountsOf(...options: string[]): Promise<string[]> {
  const mounts = parseMountinfo(await shell("cat /proc/self/mountinfo", ...options));
  const found = mounts.map(
    ({ mountPoint, fileSystem, options: flags }) => `${mountPoint} ${fileSystem} ${flags}`,
  );
  for (const line of found) {
    const mask = masks.find(([pattern]) => pattern.test(line));
    if (mask) assert.equal(line.split(" ").at(-1), mask[1], line);
    if (programs.test(line)) assert.match(line, / ro,nosuid,nodev,/);
  }
  return found
    .filter((line) => !masks.some(([pattern]) => pattern.test(line)) && !programs.test(line))
    .sort();
}

const own = [
  "/dev tmpfs rw,nosuid,noexec,relatime",
  ...["full", "null"].map((name) => `/dev/${name} devtmpfs rw,nosuid,noexec,relatime`),
  "/dev/pts devpts rw,nosuid,noexec,relatime",
  "/dev/random devtmpfs rw,nosuid,noexec,relatime",
  "/dev/shm tmpfs rw,nosuid,nodev,noexec,relatime",
  ...["tty", "urandom", "zero"].map((name) => `/dev/${name} devtmpfs rw,nosuid,noexec,relatime`),
  "/proc proc rw,nosuid,nodev,noexec,relatime",
  "/run tmpfs rw,nosuid,nodev,relatime",
  "/tmp tmpfs rw,nosuid,nodev,relatime",
];

describe("the mount tree", needsRoot, () => {
  test("of a view of the host", async () => {
    assert.deepEqual(
      await mountsOf(),
      [
        "/ tmpfs rw,nosuid,nodev,relatime",
        "/etc overlay ro,nosuid,nodev,relatime",
        "/var/tmp tmpfs rw,nosuid,nodev,relatime",
        ...own,
      ].sort(),
    );
  });

  test("of a root directory, read-only", async () => {
    const [root, ...rest] = await mountsOf("--rootfs", rootfs, "--read-only");
    assert.match(root ?? "", /^\/ \w+ ro,nosuid,nodev,/);
    assert.deepEqual(rest, [...own].sort());
  });

  test("of everything that can be asked for", async () => {
    const kinds = [
      "sysfs,target=/sys",
      "cgroup,target=/sys/fs/cgroup",
      "mqueue,target=/dev/mqueue",
    ];
    const options = [...kinds, "devpts,target=/pts", `bind,source=${rootfs},target=/b,readonly`];
    const found = await mountsOf(
      ...options.flatMap((mount) => ["--mount", `type=${mount}`]),
      ...["--tmpfs", "/t:size=1m"],
    );
    const bind = found.find((line) => line.startsWith("/b "));
    assert.match(bind ?? "", / ro,nosuid,nodev,/);
    const before = new Set([...own, bind]);
    assert.deepEqual(
      found.filter((line) => !before.has(line)),
      [
        "/ tmpfs rw,nosuid,nodev,relatime",
        "/dev/mqueue mqueue rw,nosuid,nodev,noexec,relatime",
        "/etc overlay ro,nosuid,nodev,relatime",
        "/pts devpts rw,nosuid,noexec,relatime",
        `/sys sysfs ${kernel}`,
        `/sys/fs/cgroup ${found.some((line) => line.includes("cgroup cgroup2")) ? "cgroup2" : "tmpfs"} ${kernel}`,
        "/t tmpfs rw,nosuid,nodev,relatime",
        "/var/tmp tmpfs rw,nosuid,nodev,relatime",
      ],
    );
  });
});
