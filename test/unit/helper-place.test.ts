import assert from "node:assert/strict";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { isOfRootOrOwn } from "../../extension/connection/surroundings.ts";

/** A socket that somebody listens on, in a folder of this user's. */
async function listeningIn(t: TestContext) {
  const above = mkdtempSync(join(tmpdir(), "terrarium-place-"));
  const folder = join(above, "run");
  mkdirSync(folder, { mode: 0o755 });
  const path = join(folder, "helper.sock");
  const server = createServer().listen(path);
  await once(server, "listening");
  t.after(() => {
    server.close();
    rmSync(above, { recursive: true, force: true });
  });
  return { above, folder, path };
}

test("a socket is believed where only root or this user can have put it", async (t) => {
  const { path } = await listeningIn(t);
  assert.equal(isOfRootOrOwn(path), true);
});

for (const where of ["folder", "above"] as const) {
  test(`it is not where others may rename: the ${where}`, async (t) => {
    const place = await listeningIn(t);
    chmodSync(place[where], 0o777);
    assert.equal(isOfRootOrOwn(place.path), false);
    chmodSync(place[where], 0o1777);
    assert.equal(isOfRootOrOwn(place.path), true);
  });
}

test("nor are a file, a link to a socket, a way through a link, and nothing", async (t) => {
  const { above, folder, path } = await listeningIn(t);
  const [file, link, way] = [join(folder, "file"), join(folder, "link"), join(above, "way")];
  writeFileSync(file, "");
  symlinkSync(path, link);
  symlinkSync(folder, way);
  const odd = [file, link, join(way, "helper.sock"), join(folder, "absent")];
  assert.deepEqual(odd.filter(isOfRootOrOwn), []);
});
