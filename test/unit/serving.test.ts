import assert from "node:assert/strict";
import { PassThrough, Writable } from "node:stream";
import { describe, test } from "node:test";
import { serve } from "../../helper/server/connection.ts";
import { requestsAtOnce } from "../../helper/server/pace.ts";
import { openTelling } from "../../helper/server/telling.ts";

const frame = (body: object) => {
  const text = JSON.stringify(body);
  return `Content-Length: ${text.length}\r\n\r\n${text}`;
};

/** A client that takes nothing of what it is sent, until it does. */
function openMute() {
  const input = new PassThrough();
  let isMute = true;
  let goOn: (() => void) | undefined;
  const output = new Writable({
    write: (_chunk, _encoding, done) => {
      if (isMute) goOn = done;
      else done();
    },
  });
  let answered = 0;
  const serving = serve({ input, output }, () => ({
    answer: async () => {
      answered += 1;
      throw new Error("not asked for here");
    },
    dispose: () => undefined,
  }));
  return {
    input,
    ask: (method: string, id: number) => input.write(frame({ jsonrpc: "2.0", id, method })),
    answered: () => answered,
    take: () => {
      isMute = false;
      goOn?.();
    },
    dispose: () => serving.dispose(),
  };
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise(setImmediate);
}

const asked = 500;
/** More than streams hold by themselves. */
const nonsense = 5_000;

describe("a client that does not read what it is sent", () => {
  test("has nothing further done until it does", async () => {
    const client = openMute();
    for (let id = 0; id < asked; id += 1) client.ask("sandbox/list", id);
    await turns(5 * asked);
    assert.equal(client.answered(), requestsAtOnce);
    client.take();
    await turns(5 * asked);
    assert.equal(client.answered(), asked);
    await client.dispose();
  });

  test("is heard no further when it only talks nonsense, whose answers nobody works on", async () => {
    const client = openMute();
    for (let id = 0; id < nonsense; id += 1) client.ask("no/such", id);
    await turns(5 * nonsense);
    assert.ok(client.input.readableLength > 0);
    client.take();
    await turns(5 * nonsense);
    assert.equal(client.input.readableLength, 0);
    await client.dispose();
  });

  test("and goes is waited for no longer", async () => {
    const client = openMute();
    for (let id = 0; id < asked; id += 1) client.ask("sandbox/list", id);
    await turns(5 * asked);
    await client.dispose();
  });

  test("misses what happens, of one subject as of another, and hears of it again when it reads", async () => {
    const told: string[] = [];
    const takes: (() => void)[] = [];
    const tell = openTelling(2);
    const happen = (subject: string, what: string) =>
      tell(subject, () => {
        told.push(what);
        return new Promise<void>((resolve) => takes.push(resolve));
      });
    for (const what of ["first", "second", "missed"]) happen("web", what);
    happen("database", "another");
    assert.deepEqual(told, ["first", "second", "another"]);
    takes[0]?.();
    await turns(1);
    happen("web", "third");
    assert.deepEqual(told.slice(3), ["third"]);
  });
});
