import { execFile } from "node:child_process";
import { TerrariumError } from "../protocol/errors.ts";
import type { Attachment } from "../protocol/methods.ts";
import type { NamespaceType } from "../protocol/namespaces.ts";
import { printable } from "../protocol/printable.ts";
import { ownNamespaces } from "./namespaces.ts";
import type { Visitor } from "./plan.ts";
import { enterProcess } from "./process.ts";

/**
 * The kernel's settings that a namespace has for itself, as its processes see them. Below /proc/sys the kernel
 * looks at who reads, not at whose /proc it is, so a program has to read them in there: grep, of this host's
 * files, which the target cannot change.
 */

/** sysctl(5): net/ belongs to network namespaces, these of kernel/ to the others (namespaces(7)). */
const places = {
  net: ["/proc/sys/net"],
  ipc: [
    ...["msgmax", "msgmnb", "msgmni", "sem", "shmall", "shmmax", "shmmni", "shm_rmid_forced"].map(
      (name) => `/proc/sys/kernel/${name}`,
    ),
    "/proc/sys/fs/mqueue",
  ],
  uts: ["/proc/sys/kernel/hostname", "/proc/sys/kernel/domainname"],
} as const satisfies Partial<Record<NamespaceType, readonly string[]>>;

export type SettingNamespace = keyof typeof places;
export const settingNamespaces = Object.keys(places) as readonly SettingNamespace[];

const timeoutMs = 5_000;
/** A thousand settings are 60 KB; every interface has a hundred of its own, which are left out. */
const mostBytes = 8 * 1024 * 1024;

/** By name, `net.ipv4.ip_forward`. Rejects where it may not be entered. */
export async function readSysctls(
  visitor: Visitor,
  process: { readonly pid: number; readonly startTimeTicks: number },
  inodes: Readonly<Partial<Record<NamespaceType, number>>>,
  types: readonly SettingNamespace[],
): Promise<ReadonlyMap<string, string>> {
  const own = ownNamespaces();
  const [here, there] = [true, false].map((isOurs) =>
    types.filter((type) => (inodes[type] === own[type]) === isOurs),
  );
  const texts = [
    here?.length ? await run("grep", words(here)) : "",
    there?.length ? await readThere(visitor, process, there) : "",
  ];
  return parseSettings(texts.join("\n"));
}

async function readThere(
  visitor: Visitor,
  { pid, startTimeTicks }: { readonly pid: number; readonly startTimeTicks: number },
  types: readonly SettingNamespace[],
): Promise<string> {
  const { attach } = await enterProcess(visitor, {
    pid,
    startTimeTicks,
    only: [...types],
    follow: ["identity", "seccomp"],
    asRoot: false,
    toolbox: "never",
    thaw: false,
    args: ["grep", ...words(types)],
    stdio: "inherit",
    clientEnv: {},
    shellIntegration: false,
  });
  return attach ? run(attach.command, attach.args) : "";
}

/** `FILE:LINE` of every file; not of those of single interfaces, which both sides call differently. */
function words(types: readonly SettingNamespace[]): readonly string[] {
  return ["-rs", "--", "", ...types.flatMap((type) => places[type])];
}

function run(command: Attachment["command"], args: Attachment["args"]): Promise<string> {
  const options = { timeout: timeoutMs, maxBuffer: mostBytes, env: { PATH: "/usr/bin:/bin" } };
  return new Promise((resolve, reject) => {
    execFile(command, [...args], options, (error, stdout) => {
      // grep ends with 2 where a file cannot be read, as some can only be written.
      if (stdout !== "" || !error) resolve(stdout);
      else reject(new TerrariumError("helperFailed", { reason: `${command}: ${error.message}` }));
    });
  });
}

/** conf/ and neigh/ have a directory for each interface, and these two for all. */
const ofOneInterface = /^net\.ipv[46]\.(conf|neigh)\.(?!(all|default)\.)/;

export function parseSettings(text: string): ReadonlyMap<string, string> {
  const settings = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [, path, value = ""] = /^\/proc\/sys\/([^:]+):(.*)$/.exec(line) ?? [];
    const name = path?.replaceAll("/", ".");
    if (name === undefined || ofOneInterface.test(name)) continue;
    const before = settings.get(name);
    const words = printable(value.replaceAll("\t", " "));
    settings.set(name, before === undefined ? words : `${before} ${words}`);
  }
  return settings;
}
