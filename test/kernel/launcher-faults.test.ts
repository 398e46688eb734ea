import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { attachScenes } from "./fault-attach.ts";
import { commandCode, spoilsOf } from "./fault-rules.ts";
import { makePlace, type Place, type Scene, sessionScenes } from "./fault-scenes.ts";
import { Injector, type Spoil } from "./injector.ts";
import { asRoot, startSleeper, stop } from "./launcher.ts";

/** How often a call that depends on who is faster is waited for. */
const tries = 3;

/** attacks/inject.c knows the registers of this machine only. */
const here =
  process.arch === "x64" ? { ...asRoot, timeout: 300_000 } : { skip: "the injector needs x86-64" };

describe(
  "a launcher of which one system call fails, is interrupted, is cut short or never returns",
  here,
  () => {
    let injector: Injector;
    let target: Awaited<ReturnType<typeof startSleeper>>;
    before(async () => {
      injector = new Injector();
      target = await startSleeper();
    });
    after(async () => {
      injector.close();
      await stop(target.session);
    });

    for (const scene of [...sessionScenes, ...attachScenes]) {
      it(`says so and leaves nothing: ${scene.name}`, async (t) => {
        const directory = mkdtempSync(join(tmpdir(), "terrarium-faults-"));
        try {
          const places = ["one", "two"].map((name) =>
            makePlace(join(directory, name), target.command),
          );
          const clean = await scene.play(injector, places[0] as Place, { mode: "trace" });
          assert.deepEqual([clean.code, clean.left], [commandCode, []], clean.stderr);
          const mounts = hostMounts();
          const spoils = clean.points.flatMap(spoilsOf);
          const points = spoils.length;
          const complaints = (
            await Promise.all(places.map((place) => spoilAll(injector, scene, place, spoils)))
          ).flat();
          t.diagnostic(`${points} points, ${points - complaints.length} clean`);
          assert.deepEqual(complaints, []);
          assert.equal(hostMounts(), mounts);
        } finally {
          rmSync(directory, { recursive: true, force: true });
        }
      });
    }
  },
);

const hostMounts = (): string => readFileSync("/proc/self/mountinfo", "utf8");

/** Takes spoils from the common list until it is empty, and returns what is wrong with their runs. */
async function spoilAll(
  injector: Injector,
  scene: Scene,
  place: Place,
  spoils: Spoil[],
): Promise<string[]> {
  const found: string[] = [];
  for (let spoil = spoils.pop(); spoil; spoil = spoils.pop()) {
    const wrong = await spoilOne(injector, scene, place, spoil);
    if (wrong !== undefined && spoil.mode !== "trace") {
      const { role, call, nth, detail } = spoil.point;
      found.push(`${spoil.mode} ${spoil.errno ?? ""} ${role} ${call} ${nth} (${detail}): ${wrong}`);
    }
  }
  return found;
}

async function spoilOne(
  injector: Injector,
  scene: Scene,
  place: Place,
  spoil: Spoil,
): Promise<string | undefined> {
  let outcome = await scene.play(injector, place, spoil);
  for (let round = 1; round < tries && !outcome.hit; round++) {
    outcome = await scene.play(injector, place, spoil);
  }
  return scene.complaint(spoil, outcome);
}
