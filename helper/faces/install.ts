import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { assertClosed } from "../install/closed.ts";
import { versionsDirectory } from "../install/places.ts";
import { type Build, planFor } from "../install/plan.ts";
import { openSource, type Source } from "../install/source.ts";
import { isVersion, removeUnfinished } from "../install/versions.ts";
import { makeDirectories, removeEmpty } from "../install/writeAside.ts";
import { installedDirectory } from "../installation.ts";
import { tryLock } from "../kernel/libc.ts";
import type { Installer } from "../protocol/installing.ts";

/** Installs what this very program is a part of. */
export function openInstaller(): Installer {
  const source = openSource(installedDirectory(), askerOf());
  const build: Build = { version: versionOf(source), source, icon: () => iconOf(source) };
  return {
    plan: (action) => planFor(action, build),
    carryOut: ({ steps }, told) =>
      alone(() => {
        removeUnfinished();
        try {
          for (const step of steps) {
            told(step);
            step.run();
          }
        } finally {
          removeUnfinished();
        }
      }),
  };
}

/** Who ran sudo; root by itself has only what is root's to install. */
function askerOf(): number | undefined {
  if (process.geteuid?.() !== 0) return process.geteuid?.();
  const uid = Number(process.env["SUDO_UID"] ?? Number.NaN);
  return Number.isInteger(uid) ? uid : undefined;
}

function versionOf(source: Source): string {
  const { version } = JSON.parse(read(source, "package.json").toString("utf8"));
  if (typeof version === "string" && isVersion(version)) return version;
  throw new Error(`${source.path}/package.json names no version.`);
}

function iconOf(source: Source): Buffer {
  return read(source, "icon.png");
}

const mostBytes = 1 << 20;

function read(source: Source, name: string): Buffer {
  const file = source.open(name);
  try {
    if (fstatSync(file).size > mostBytes) throw new Error(`${source.path}/${name} is too large.`);
    return readFileSync(file);
  } finally {
    closeSync(file);
  }
}

/** flock(2) of the directory: the kernel gives it up when its holder ends. One that holds nothing is not kept. */
function alone(work: () => void): void {
  assertClosed(versionsDirectory);
  makeDirectories(versionsDirectory);
  const directory = openSync(versionsDirectory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    if (!tryLock(directory)) throw new Error("another install-helper is at work on this machine.");
    work();
  } finally {
    closeSync(directory);
    removeEmpty(versionsDirectory);
  }
}
