import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import {
  listOwnedDirectory,
  readOwnedFile,
  watchOwnedFile,
  withOwnedSocket,
} from "../../helper/kernel/ownedFiles.ts";
import { needsRoot, strangerId } from "./isolated.ts";

const limit = 1024;

function makeFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "owned-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, "state"));
  writeFileSync(join(folder, "state/file"), "text");
  return folder;
}

function give(path: string, uid = strangerId): void {
  chownSync(path, uid, uid);
}

describe("a file of root's state", needsRoot, () => {
  test("is read where all of its path is root's", (t) => {
    const folder = makeFolder(t);
    assert.equal(readOwnedFile(join(folder, "state/file"), 0, limit), "text");
    assert.deepEqual(listOwnedDirectory(join(folder, "state"), 0), ["file"]);
  });

  const spoiled: Readonly<Record<string, (folder: string) => void>> = {
    "belongs to somebody else": (folder) => give(join(folder, "state/file")),
    "lies in a directory of somebody else's": (folder) => give(join(folder, "state")),
    "lies in a directory that everybody may write": (folder) =>
      chmodSync(join(folder, "state"), 0o777),
    "lies in a directory that a group may write": (folder) => {
      chownSync(join(folder, "state"), 0, strangerId);
      chmodSync(join(folder, "state"), 0o775);
    },
    "is a link": (folder) => {
      rmSync(join(folder, "state/file"));
      symlinkSync("/etc/hostname", join(folder, "state/file"));
    },
    "is behind a link": (folder) => {
      rmSync(join(folder, "state"), { recursive: true });
      mkdirSync(join(folder, "real"));
      writeFileSync(join(folder, "real/file"), "text");
      symlinkSync("real", join(folder, "state"));
    },
    "is a pipe, at which a reader would wait": (folder) => {
      rmSync(join(folder, "state/file"));
      execFileSync("mkfifo", [join(folder, "state/file")]);
    },
    "is a directory": (folder) => {
      rmSync(join(folder, "state/file"));
      mkdirSync(join(folder, "state/file"));
    },
    "is absent": (folder) => rmSync(join(folder, "state/file")),
  };
  for (const [what, spoil] of Object.entries(spoiled)) {
    test(`is as if it were not there when it ${what}`, (t) => {
      const folder = makeFolder(t);
      spoil(folder);
      assert.equal(readOwnedFile(join(folder, "state/file"), 0, limit), undefined);
      assert.equal(watchOwnedFile(join(folder, "state/file"), 0, assert.fail), undefined);
    });
  }

  test("is as if it were not there when it is longer than allowed", (t) => {
    const path = join(makeFolder(t), "state/file");
    writeFileSync(path, "x".repeat(limit + 1));
    assert.equal(readOwnedFile(path, 0, limit), undefined);
  });

  test("is told of when another takes its place", async (t) => {
    const folder = makeFolder(t);
    const path = join(folder, "state/file");
    await new Promise<void>((resolve) => {
      const end = watchOwnedFile(path, 0, resolve);
      t.after(() => end?.());
      writeFileSync(join(folder, "state/new"), "other");
      renameSync(join(folder, "state/new"), path);
    });
    assert.equal(readOwnedFile(path, 0, limit), "other");
  });

  test("is read by the path that /run once had", (t) => {
    const folder = mkdtempSync("/run/owned-");
    t.after(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, "file"), "text");
    assert.equal(readOwnedFile(join("/var", folder, "file"), 0, limit), "text");
  });

  for (const path of ["state/file", "//etc/hostname", "/etc/../etc/hostname", "/etc/hostname\0x"]) {
    test(`is not looked for at ${JSON.stringify(path)}`, () => {
      assert.equal(readOwnedFile(path, 0, limit), undefined);
    });
  }
});

describe("a file of a user's state", needsRoot, () => {
  test("is read where all of its path is the user's or root's", (t) => {
    const folder = makeFolder(t);
    give(join(folder, "state"));
    give(join(folder, "state/file"));
    assert.equal(readOwnedFile(join(folder, "state/file"), strangerId, limit), "text");
  });

  test("is not root's, to which the user's word would lead the helper", (t) => {
    const path = join(makeFolder(t), "state/file");
    assert.equal(readOwnedFile(path, strangerId, limit), undefined);
  });

  test("is not another user's", (t) => {
    const folder = makeFolder(t);
    give(join(folder, "state/file"), strangerId - 1);
    assert.equal(readOwnedFile(join(folder, "state/file"), strangerId, limit), undefined);
  });

  test("is not read where a server or a program of the user's might have to answer", (t) => {
    const place = mkdtempSync(join(tmpdir(), "owned-"));
    t.after(() => {
      spawnSync("umount", [place]);
      rmdirSync(place);
    });
    // What is no disk of this machine stands for all of its kind: this one holds files of no bytes.
    const mounted = spawnSync("mount", ["-t", "hugetlbfs", "-o", "mode=755", "none", place]);
    if (mounted.status !== 0) return t.skip("this kernel has no hugetlbfs");
    for (const uid of [0, strangerId]) {
      writeFileSync(join(place, `${uid}`), "");
      give(join(place, `${uid}`), uid);
    }
    assert.equal(readOwnedFile(join(place, "0"), 0, limit), "");
    assert.equal(readOwnedFile(join(place, `${strangerId}`), strangerId, limit), undefined);
  });
});

describe("a socket", needsRoot, () => {
  async function listen(t: TestContext): Promise<string> {
    const path = join(makeFolder(t), "state/socket");
    const server = createServer().listen(path);
    t.after(() => server.close());
    await new Promise((resolve) => server.once("listening", resolve));
    return path;
  }

  test("of root's is one and the same while it is used", async (t) => {
    const path = await listen(t);
    const used = await withOwnedSocket(path, 0, (same) => Promise.resolve(same));
    assert.match(used ?? "", /^\/proc\/self\/fd\/\d+\/socket$/);
  });

  test("of somebody else is not used, and neither is what is none", async (t) => {
    const path = await listen(t);
    give(path);
    const use = () => Promise.reject(new Error("it was used"));
    assert.equal(await withOwnedSocket(path, 0, use), undefined);
    assert.equal(await withOwnedSocket(join(path, "../file"), 0, use), undefined);
  });
});
