import assert from "node:assert/strict";
import { PassThrough, Writable } from "node:stream";
import { describe, test } from "node:test";
import { serve } from "../../helper/server/connection.ts";
import { requestsAtOnce } from "../../helper/server/pace.ts";
import { openRoom, type Room } from "../../helper/server/room.ts";
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

/** A client whose requests are over when the test says so. */
function openSlow(room: Room) {
  const [input, output] = [new PassThrough(), new PassThrough()];
  const endings: (() => void)[] = [];
  const open = () => ({
    answer: () => new Promise<never>((_, reject) => endings.push(() => reject(new Error("no")))),
    dispose: () => undefined,
  });
  const serving = serve({ input, output }, open, room);
  output.resume();
  return {
    input,
    ask: (id: number, more: object = {}) =>
      input.write(frame({ jsonrpc: "2.0", id, method: "sandbox/list", ...more })),
    begun: () => endings.length,
    endFirst: () => endings.shift()?.(),
    dispose: () => {
      output.destroy();
      return serving.dispose();
    },
  };
}

/** Room for two requests. */
const forTwo = () => openRoom(130, 0);

describe("what clients ask beyond the room that there is", () => {
  test("waits, in its order, until answers are taken", async () => {
    const room = forTwo();
    const [one, other] = [openSlow(room), openSlow(room)];
    for (const id of [1, 2, 3]) one.ask(id);
    await turns(20);
    other.ask(1);
    await turns(20);
    assert.deepEqual([one.begun(), other.begun()], [2, 0]);
    one.endFirst();
    await turns(20);
    assert.deepEqual([one.begun(), other.begun()], [2, 0]);
    one.endFirst();
    await turns(20);
    assert.deepEqual([one.begun(), other.begun()], [1, 1]);
    one.endFirst();
    other.endFirst();
    await turns(20);
    assert.ok(room.isEmpty());
    for (const client of [one, other]) await client.dispose();
  });

  test("is nothing that is small, and needs no room that others have", async () => {
    const room = openRoom(130, 60);
    const [one, other] = [openSlow(room), openSlow(room)];
    for (const id of [1, 2, 3]) one.ask(id, { params: { name: "x".repeat(60) } });
    for (const id of [1, 2, 3, 4]) other.ask(id);
    await turns(20);
    assert.deepEqual([one.begun(), other.begun()], [1, 4]);
    for (const client of [one, other]) await client.dispose();
  });

  test("passes nothing that came before, however small it is", () => {
    const room = openRoom(100, 0);
    const first = room.enter(90);
    const places = [room.enter(50), room.enter(5)];
    assert.ok(places.every(({ entered }) => entered !== undefined));
    for (const place of [first, ...places]) place.leave();
    assert.ok(room.isEmpty());
  });

  test("is let in alone, however large it is", async () => {
    const client = openSlow(openRoom(1, 0));
    for (const id of [1, 2]) client.ask(id);
    await turns(20);
    assert.equal(client.begun(), 1);
    await client.dispose();
  });

  test("is not even read", async () => {
    const client = openSlow(forTwo());
    for (let id = 0; id < nonsense; id += 1) client.ask(id);
    await turns(5 * nonsense);
    assert.ok(client.input.readableLength > 0);
    await client.dispose();
  });

  test("is forgotten when its client goes", async () => {
    const room = forTwo();
    const place = room.enter(130);
    const client = openSlow(room);
    client.ask(1);
    await turns(20);
    await client.dispose();
    place.leave();
    assert.ok(room.isEmpty());
  });

  test("is not what is being worked on for who has gone", async () => {
    const room = forTwo();
    const client = openSlow(room);
    for (const id of [1, 2]) client.ask(id);
    await turns(20);
    await client.dispose();
    assert.ok(!room.isEmpty());
    for (const _ of [1, 2]) client.endFirst();
    await turns(20);
    assert.ok(room.isEmpty());
  });

  test("is over when it was nonsense, too", async () => {
    const room = forTwo();
    const client = openSlow(room);
    for (let id = 0; id < 10; id += 1) client.ask(id, { method: "no/such" });
    client.ask(10);
    await turns(60);
    assert.equal(client.begun(), 1);
    client.endFirst();
    await turns(20);
    assert.ok(room.isEmpty());
    await client.dispose();
  });
});
