import { closeSync, fstatSync, readFileSync } from "node:fs";
import { alone } from "../install/lock.ts";
import { type Build, planFor } from "../install/plan.ts";
import { openSource, type Source } from "../install/source.ts";
import { isVersion, removeUnfinished } from "../install/versions.ts";
import { installedDirectory } from "../installation.ts";
import type { Installer } from "../protocol/installing.ts";

/** Installs what this very program is a part of. */
export function openInstaller(): Installer {
  const source = openSource(installedDirectory(), askerOf());
  const build: Build = { version: versionOf(source), source, icon: () => iconOf(source) };
  return {
    plan: (action) => planFor(action, build),
    carryOut: ({ steps }, told) => {
      const isDone = alone(() => {
        removeUnfinished();
        try {
          for (const step of steps) {
            told(step);
            step.run();
          }
        } finally {
          removeUnfinished();
        }
      });
      if (!isDone) throw new Error("another install-helper is at work on this machine.");
    },
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
