import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  unwatchFile,
  watch,
  watchFile,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { extract } from "../../helper/sandboxes/kept/extract.ts";
import { type Cleanup, clientOfUser, json, startSandbox, terrarium } from "./cli.ts";
import { needsRoot } from "./isolated.ts";
import { makeRootfs } from "./rootfs.ts";

const folder = mkdtempSync(join(tmpdir(), "terrarium-tarball-"));
chmodSync(folder, 0o755);
after(() => rmSync(folder, { recursive: true, force: true }));

const images = "/var/lib/terrarium/images";
const own = (archive: string) =>
  join(images, createHash("sha256").update(readFileSync(archive)).digest("hex"));

/** An archive of a root directory with what `add` puts there; its image goes with the test. */
function pack(t: Cleanup, name: string, add: (root: string) => void, ...words: string[]): string {
  const root = makeRootfs(join(folder, name));
  writeFileSync(join(root, "id"), name);
  add(root);
  const archive = join(folder, `${name}.tar`);
  execFileSync("tar", ["-cPf", archive, "-C", root, ...words, "."]);
  t.after(() => terrarium.run(["layers", "rm", own(archive).slice(images.length + 1)]));
  return archive;
}

/** A file system of its own, so that filling it harms nobody. */
function smallDisk(t: Cleanup, options: string): string {
  const disk = mkdtempSync(join(folder, "disk-"));
  execFileSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", disk]);
  t.after(() => execFileSync("umount", [disk]));
  return disk;
}

function makeFiles(directory: string, count: number): void {
  mkdirSync(directory, { recursive: true });
  for (let n = 0; n < count; n += 1) writeFileSync(join(directory, `${n}`), "");
}

const run = (archive: string, script: string) =>
  terrarium.run(["run", "--rootfs-tarball", archive, "--", "/bin/busybox", "sh", "-c", script]);

describe("a tarball as the root", needsRoot, () => {
  test("has the archive's files with their owners and modes, and is written to in memory", async (t) => {
    const archive = pack(t, "plain", (root) => {
      chownSync(join(root, "marker"), 33, 44);
      chmodSync(join(root, "marker"), 0o664);
    });
    const script =
      "b=/bin/busybox; $b stat -c '%u:%g %a' /marker; $b ls /; echo new > /new; $b rm /id";
    const expected = "33:44 664\nbin\ndev\nid\nmarker\nproc\nrun\ntmp\n";
    for (const _ of [1, 2]) {
      const { stdout, stderr } = await run(archive, script);
      assert.deepEqual([stdout, stderr], [expected, ""]);
    }
    const { uid, gid } = statSync(join(own(archive), "root/marker"));
    assert.deepEqual([uid, gid], [33, 44]);
    assert.deepEqual(readdirSync(join(own(archive), "root")).sort(), ["bin", "id", "marker"]);
    assert.equal(statSync(own(archive)).mode & 0o777, 0o700);
  });

  test("is extracted without set-uid bits, and without what is in its /dev", async (t) => {
    const archive = pack(t, "setuid", (root) => {
      execFileSync("install", ["-m", "4755", "/bin/true", join(root, "bin/su")]);
      mkdirSync(join(root, "dev"));
      execFileSync("mknod", [join(root, "dev/disk"), "b", "8", "0"]);
    });
    assert.equal((await run(archive, "exit 7")).code, 7);
    assert.equal(lstatSync(join(own(archive), "root/bin/su")).mode & 0o7777, 0o755);
    assert.deepEqual(readdirSync(join(own(archive), "root/dev")), []);
  });

  test("that makes a device elsewhere is refused, and leaves nothing", async (t) => {
    const archive = pack(t, "device", (root) => {
      execFileSync("mknod", [join(root, "bin/disk"), "b", "8", "0"]);
    });
    const { code, stderr } = await run(archive, "true");
    assert.equal(code, 125);
    assert.match(stderr, /Cannot mknod/);
    assert.ok(!existsSync(own(archive)));
    assert.deepEqual(
      readdirSync(images).filter((name) => name.startsWith(".")),
      [],
    );
  });

  test("writes nowhere else, whatever paths and links it holds", async (t) => {
    const outside = join(folder, "outside");
    mkdirSync(outside, { mode: 0o777 });
    chmodSync(outside, 0o777);
    const archive = pack(
      t,
      "hostile",
      (root) => {
        execFileSync("ln", ["-s", outside, join(root, "exit")]);
        writeFileSync(join(root, "planted"), "x");
      },
      ...["--transform", `s,^./planted,${outside}/absolute,`],
    );
    // A second entry that goes through the link, and one that climbs.
    const more = (to: string) =>
      execFileSync("tar", [
        "-rPf",
        archive,
        "-C",
        join(folder, "hostile"),
        "--transform",
        `s,^id$,${to},`,
        "id",
      ]);
    more("./exit/through");
    more(`../../../../../../../..${outside}/climbed`);
    await run(archive, "true");
    assert.deepEqual(readdirSync(outside), []);
    // So that this can fail: tar by itself, told to take names as they are, does write there.
    const naive = join(folder, "naive");
    mkdirSync(naive);
    execFileSync("tar", ["-xPf", archive, "-C", naive]);
    assert.notDeepEqual(readdirSync(outside), []);
  });

  test("that another takes the place of, while tar reads, gives its name to nothing else", async (t) => {
    const [asked, other] = ["asked", "other"].map((name) => pack(t, name, () => undefined));
    assert.ok(asked && other);
    const image = own(asked);
    const place = join(folder, "place.tar");
    copyFileSync(asked, place);
    const put = (archive: string) => {
      copyFileSync(archive, `${place}.new`);
      renameSync(`${place}.new`, place);
    };
    mkdirSync(images, { recursive: true, mode: 0o700 });
    const watcher = watch(images, (_, name) => {
      const root = join(images, `${name}`, "root");
      if (!name?.startsWith(".") || !existsSync(join(images, name))) return;
      put(other);
      // The root is there once tar has begun; what it read last is the marker.
      watchFile(join(root, "marker"), { interval: 1 }, ({ nlink }) => nlink > 0 && put(asked));
      t.after(() => unwatchFile(join(root, "marker")));
    });
    t.after(() => watcher.close());
    await run(place, "true");
    watcher.close();
    if (existsSync(image)) assert.equal(readFileSync(join(image, "root/id"), "utf8"), "asked");
  });

  test("that is no archive is refused by tar's own words", async () => {
    const archive = join(folder, "noise");
    writeFileSync(archive, "this is no archive\n".repeat(1000));
    assert.match((await run(archive, "true")).stderr, /does not look like a tar archive/);
    assert.ok(!existsSync(own(archive)));
  });

  test("is told to the tools that take one, and named to those that do not", async (t) => {
    const archive = pack(t, "told", () => undefined);
    const as = async (tool: string) =>
      (await terrarium.run(["run", "--rootfs-tarball", archive, "--as", tool, "--", "/bin/sh"]))
        .stdout;
    assert.match(await as("docker"), new RegExp(`^docker import ${archive} `, "m"));
    const { root, annotations } = JSON.parse(await as("oci"));
    assert.equal(root.path, "rootfs");
    assert.match(annotations["terrarium.not-expressed"], new RegExp(`the extracted ${archive}`));
    assert.ok(!existsSync(own(archive)), "a look makes nothing");
  });

  test("is listed as an image, and removed when no sandbox uses it", async (t) => {
    const archive = pack(t, "listed", () => undefined);
    const options = ["--rootfs-tarball", archive];
    const { name } = await startSandbox(t, options, ["/bin/busybox", "sleep", "600"]);
    const image = own(archive).slice(images.length + 1);
    const listed = await json<{ name: string; kind: string; inUse: boolean }[]>(["layers"]);
    assert.deepEqual(
      listed.filter((one) => one.name === image).map(({ kind, inUse }) => [kind, inUse]),
      [["image", true]],
    );
    assert.match((await terrarium.run(["layers", "rm", image])).stderr, /is running/);
    await terrarium.run(["rm", "-f", name]);
    assert.equal((await terrarium.run(["layers", "rm", image])).code, 0);
    assert.ok(!existsSync(own(archive)));
  });

  test("is not read again while it is the same file", async (t) => {
    const [first, second] = ["first", "second"].map((name) => pack(t, name, () => undefined));
    assert.ok(first && second);
    // Until a change would leave a trace.
    await sleep(200);
    assert.equal((await run(first, "/bin/busybox cat /id")).stdout, "first");
    const source = join(own(first), "source");
    const { dev, ino, size, mtimeNs, ctimeNs } = statSync(first, { bigint: true });
    assert.equal(readFileSync(source, "utf8"), [dev, ino, size, mtimeNs, ctimeNs].join(" "));
    // Only a client that believes this line takes the one for the other.
    const other = statSync(second, { bigint: true });
    const line = [other.dev, other.ino, other.size, other.mtimeNs, other.ctimeNs].join(" ");
    writeFileSync(source, line);
    assert.equal((await run(second, "/bin/busybox cat /id")).stdout, "first");
    // utimensat(2) can restore mtime, not ctime.
    execFileSync("touch", ["-r", second, second]);
    assert.equal((await run(second, "/bin/busybox cat /id")).stdout, "second");
  });

  test("that unpacks to more than it may, or than a disk has room for, is stopped", async (t) => {
    const disk = smallDisk(t, "size=32m,nr_inodes=4000");
    const often = { bytes: 1024 ** 3, recordsBetween: 8 };
    const few = { ...often, bytes: 16 * 1024 ** 2 };
    const bomb = pack(t, "bomb", (root) => truncateSync(join(root, "id"), 64 * 1024 ** 2), "-z");
    const files = pack(t, "files", (root) => makeFiles(join(root, "run"), 6000), "-z");
    const extracted = (archive: string, bounds: typeof often) =>
      extract(archive, disk, undefined, bounds);
    assert.match((await extracted(bomb, few)) ?? "", /it unpacks to more than 0.015625 GiB/);
    execFileSync("find", [disk, "-mindepth", "1", "-delete"]);
    assert.match((await extracted(bomb, often)) ?? "", /less than a twentieth of the disk free/);
    execFileSync("find", [disk, "-mindepth", "1", "-delete"]);
    assert.match((await extracted(files, often)) ?? "", /leave the disk room for few others/);
  });

  test("that a disk has no room for leaves nothing there", async (t) => {
    const data = smallDisk(t, "size=256m,mode=777");
    const bomb = pack(t, "large", (root) => truncateSync(join(root, "id"), 300 * 1024 ** 2), "-z");
    assert.ok(statSync(bomb).size < 8 * 1024 ** 2);
    const words = ["run", "--rootfs-tarball", bomb, "--", "/bin/busybox", "true"];
    const env = { XDG_DATA_HOME: data };
    const { code, stderr } = await clientOfUser(4242).run(words, { env });
    assert.deepEqual([code, readdirSync(join(data, "terrarium/images"))], [125, []]);
    assert.match(stderr, /large.tar: its files would leave less than a twentieth of the disk free/);
  });

  test("works for an ordinary user, whose all its files then are", async (t) => {
    const archive = pack(t, "users", (root) => chownSync(join(root, "marker"), 33, 44));
    const data = mkdtempSync(join(folder, "data-"));
    chownSync(data, 4242, 4242);
    const words = ["run", "--rootfs-tarball", archive, "--", "/bin/busybox", "sh", "-c"];
    const { stdout, stderr } = await clientOfUser(4242).run(
      [...words, "/bin/busybox stat -c %u /marker; echo x > /new && echo made"],
      { env: { XDG_DATA_HOME: data } },
    );
    assert.deepEqual([stdout, stderr], ["4242\nmade\n", ""]);
  });
});
