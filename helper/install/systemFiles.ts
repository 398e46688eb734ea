import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { isBooted } from "../systemd/booted.ts";
import { appArmorProfile } from "./appArmor.ts";
import {
  appArmorFile,
  appArmorSetting,
  iconFile,
  policyFile,
  serviceUnit,
  socketUnit,
  unitDirectory,
} from "./places.ts";
import { policyText } from "./policy.ts";
import { serviceText, socketText } from "./units.ts";
import { asideOf } from "./writeAside.ts";

/** What lies outside of /usr/lib/terrarium, and what has to be told of it. */

export interface SystemFile {
  readonly path: string;
  readonly words: string;
  /** Why it is of no use on this machine. */
  readonly absent?: string;
  content(version: string): string | Buffer;
  /** Has whom it concerns read it; in the order of the table, after all are there. */
  readonly announce?: readonly string[];
  /** Before it is removed. */
  readonly retract?: readonly string[];
}

/** Root runs them: never by somebody's PATH. */
const systemctl = "/usr/bin/systemctl";
const appArmorParser = "/usr/sbin/apparmor_parser";

/** In the order in which they are written; removed from the last to the first. */
export function systemFiles(icon: () => Buffer): readonly SystemFile[] {
  return [
    {
      path: appArmorFile,
      words: "an AppArmor profile, which lets Terrarium's launcher make user namespaces",
      ...unless(
        [appArmorSetting, appArmorParser].every((path) => existsSync(path)),
        "AppArmor restricts no user namespaces here",
      ),
      content: () => appArmorProfile,
      announce: [appArmorParser, "--replace", appArmorFile],
      retract: [appArmorParser, "--remove", appArmorFile],
    },
    {
      path: iconFile,
      words: "the icon of its questions",
      ...unless(existsSync("/usr/share/icons"), "there are no icons here"),
      content: icon,
    },
    {
      path: policyFile,
      words:
        "polkit's actions: whom it asks before somebody looks at, enters or changes what is another's",
      ...unless(
        existsSync(dirname(policyFile)),
        "polkit is not installed: nobody but root will be allowed anything of others",
      ),
      content: policyText,
    },
    {
      path: join(unitDirectory, serviceUnit),
      words:
        "the service, which systemd starts when somebody connects and which ends when nobody is left",
      ...unless(isBooted(), "PID 1 is no systemd: pkexec or sudo starts the helper"),
      content: serviceText,
      retract: [systemctl, "stop", serviceUnit],
    },
    {
      path: join(unitDirectory, socketUnit),
      words: "its socket, for every user: the kernel says who has come",
      ...unless(isBooted(), "PID 1 is no systemd"),
      content: () => socketText,
      announce: [systemctl, "enable", "--now", socketUnit],
      retract: [systemctl, "disable", "--now", socketUnit],
    },
  ];
}

function unless(isThere: boolean, absent: string): { readonly absent?: string } {
  return isThere ? {} : { absent };
}

export function isCurrent(file: SystemFile, version: string): boolean {
  try {
    return readFileSync(file.path).equals(Buffer.from(file.content(version)));
  } catch {
    return false;
  }
}

/** Systemd reads its units again. */
export function reloadUnits(): void {
  if (isBooted()) mustRun([systemctl, "daemon-reload"]);
}

/** What runs of an older version: it is started again, of the new one, when somebody connects. */
export function stopService(): void {
  if (isBooted()) mustRun([systemctl, "stop", serviceUnit]);
}

export function announce({ announce: command }: SystemFile): void {
  if (command) mustRun(command);
}

/** What is not there any more needs no retracting: it may have been removed halfway. */
export function remove({ path, retract }: SystemFile): void {
  if (retract && existsSync(path)) run(retract);
  rmSync(path, { force: true });
  rmSync(asideOf(path), { force: true });
}

function mustRun(command: readonly string[]): void {
  const reason = run(command);
  if (reason !== undefined) throw new Error(`${command.join(" ")}: ${reason}`);
}

/** Why it failed. */
function run([program = "", ...words]: readonly string[]): string | undefined {
  const { status, stderr, error } = spawnSync(program, words, {
    cwd: "/",
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C.UTF-8" },
    stdio: ["ignore", "ignore", "pipe"],
    encoding: "utf8",
  });
  return status === 0 ? undefined : (error?.message ?? stderr.trim());
}
