import { existsSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import type { InstallAction, InstallPlan, InstallStep } from "../protocol/installing.ts";
import { isBooted } from "../systemd/booted.ts";
import { iconFile, versionDirectory, versionsDirectory } from "./places.ts";
import { chooseRuntime } from "./runtime.ts";
import { stopEmptySlice } from "./slice.ts";
import type { Source } from "./source.ts";
import { whyNotWhole } from "./starter.ts";
import {
  announce,
  isCurrent,
  reloadUnits,
  remove,
  type SystemFile,
  stopService,
  systemFiles,
} from "./systemFiles.ts";
import { filesOf, installTree } from "./tree.ts";
import { installedVersions, removeUnfinished, removeVersion, usersOf } from "./versions.ts";
import { removeEmpty, replaceFile } from "./writeAside.ts";

/** What is to be installed, and of where. */
export interface Build {
  readonly version: string;
  readonly source: Source;
  readonly icon: () => Buffer;
}

/** Why an installed version stays; undefined where it can go. */
type KeptBecause = string | undefined;

export function planFor(action: InstallAction, build: Build): InstallPlan {
  return action === "uninstall" ? planRemoval(build) : planInstallation(action, build);
}

function planInstallation(action: "install" | "repair", build: Build): InstallPlan {
  const { version } = build;
  const files = systemFiles(build.icon).filter(({ absent }) => absent === undefined);
  const stale = files.filter((file) => action === "repair" || !isCurrent(file, version));
  const [treeSteps, found] = planTree(action, build);
  const others = planOthers(version);
  const changes = [...treeSteps, ...planFiles(stale, version, files)];
  const isChange = changes.length > 0 || others.steps.length > 0;
  return {
    title: isChange
      ? `Terrarium's root helper ${version}, from ${build.source.path}:`
      : `Terrarium's root helper ${version} is installed, and whole.`,
    notes: [...(found ? [found] : []), ...others.notes, ...absences(build)],
    steps: [
      ...changes,
      ...(changes.length > 0 && isBooted() ? [restartStep] : []),
      ...others.steps,
    ],
  };
}

/** The version's own directory; what was found of it, where that is a reason. */
function planTree(
  action: "install" | "repair",
  { version, source }: Build,
): readonly [readonly InstallStep[], string | undefined] {
  const directory = versionDirectory(version);
  const reason = existsSync(directory) ? whyNotWhole(directory) : "";
  if (action === "install" && reason === undefined) return [[], undefined];
  const runtime = chooseRuntime();
  const files = filesOf(source, runtime);
  const step = {
    words: `copy ${files.length} files to ${directory}, root's alone, with ${runtime.words} to run them`,
    run: () => installTree(version, files, runtime),
  };
  return [[step], reason ? `${directory} is not whole: ${reason}` : undefined];
}

function planFiles(
  stale: readonly SystemFile[],
  version: string,
  all: readonly SystemFile[],
): readonly InstallStep[] {
  if (stale.length === 0) return [];
  const writes = stale.map((file) => ({
    words: `write ${file.path}: ${file.words}`,
    run: () => replaceFile(file.path, file.content(version)),
  }));
  const announcing = all.filter((file) => file.announce !== undefined);
  const words = announcing.map((file) => file.announce?.join(" ")).join("; ");
  const tell = {
    words: `run ${words}`,
    run: () => {
      reloadUnits();
      announcing.forEach(announce);
    },
  };
  return announcing.length > 0 ? [...writes, tell] : writes;
}

/** A client of the new version would be refused by a service of the old one. */
const restartStep: InstallStep = {
  words:
    "end the service where it runs an older version: its clients find the new one, sandboxes go on",
  run: stopService,
};

/** Versions but this one: each goes as soon as nothing runs of it. */
function planOthers(version: string): Pick<InstallPlan, "notes" | "steps"> {
  const others = installedVersions().filter((other) => other !== version);
  const steps = others.map((other) => ({
    words: `remove version ${other}, unless something runs of it`,
    run: () => {
      if (whyKept(other) === undefined) removeVersion(other);
    },
  }));
  const notes = others.flatMap((other) => {
    const reason = whyKept(other);
    return reason === undefined ? [] : [`Version ${other} is in use: ${reason}.`];
  });
  return { steps, notes };
}

function whyKept(version: string): KeptBecause {
  const users = usersOf(version);
  if (users.length === 0) return undefined;
  return `process${users.length > 1 ? "es" : ""} ${users.slice(0, 5).join(", ")}`;
}

function absences({ icon }: Build): readonly string[] {
  return systemFiles(icon).flatMap(({ path, absent }) =>
    absent ? [`No ${path}: ${absent}.`] : [],
  );
}

function planRemoval({ icon }: Build): InstallPlan {
  const files = systemFiles(icon).filter(({ path }) => existsSync(path));
  const versions = installedVersions();
  const isThere = files.length > 0 || existsSync(versionsDirectory);
  return {
    title: isThere ? "Terrarium's root helper is removed:" : "No root helper is installed.",
    notes: isThere ? leftBehind() : [],
    steps: isThere ? removalSteps(files, versions) : [],
  };
}

/** First who starts it, last what is started. */
function removalSteps(
  files: readonly SystemFile[],
  versions: readonly string[],
): readonly InstallStep[] {
  return [
    ...files.toReversed().map((file) => ({
      words: `remove ${file.path}`,
      run: () => remove(file),
    })),
    { words: "have systemd read its units again", run: reloadUnits },
    ...versions.map((version) => ({
      words: `remove ${versionDirectory(version)}`,
      run: () => removeVersion(version),
    })),
    { words: `remove ${versionsDirectory}, and what is empty of it in /run`, run: removePlaces },
  ];
}

const runtimeDirectory = "/run/terrarium";
const keptLayers = "/var/lib/terrarium";

function leftBehind(): readonly string[] {
  const sandboxes = sandboxesOfRoot();
  return [
    ...(existsSync(keptLayers) ? [`Kept layers of sandboxes stay in ${keptLayers}.`] : []),
    ...(sandboxes > 0 ? [`${sandboxes} sandboxes of root go on until they end.`] : []),
  ];
}

function removePlaces(): void {
  removeUnfinished();
  stopEmptySlice();
  rmSync(versionsDirectory, { recursive: true, force: true });
  // They may have been made for our icon.
  for (const directory of [dirname(iconFile), dirname(dirname(iconFile))]) removeEmpty(directory);
  if (sandboxesOfRoot() === 0) rmSync(runtimeDirectory, { recursive: true, force: true });
}

function sandboxesOfRoot(): number {
  const directory = join(runtimeDirectory, "sandboxes");
  return existsSync(directory) ? readdirSync(directory).length : 0;
}
