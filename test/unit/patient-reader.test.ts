import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { connectClient } from "../../helper/cli/connect.ts";

const timers = () => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;

test("half a message leaves no timer that would keep the process alive", async () => {
  const input = new PassThrough();
  const connecting = connectClient({ input, output: new PassThrough() }, "test").catch(
    () => undefined,
  );
  const before = timers();
  input.write("Content-Length: 100\r\n\r\n{");
  await sleep(1);
  assert.equal(timers(), before);
  input.end();
  await connecting;
});
