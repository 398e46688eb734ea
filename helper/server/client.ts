import { closeSync } from "node:fs";
import type { Socket } from "node:net";
import { errnoOf } from "../kernel/errors.ts";
import { peerCredentials, peerGroups, peerPidfd, pidfdIsAlive, pidfdOpen } from "../kernel/libc.ts";
import { namespaceLinks, readLoginUid, readStat, readStatus } from "../kernel/procfs.ts";
import type { ProcessStatus } from "../kernel/proctext.ts";
import type { Credentials } from "../kernel/setpriv.ts";
import { TerrariumError } from "../protocol/errors.ts";
import { handleOf } from "./peer.ts";

/** The process for which root's helper works, by the kernel's word, and pinned: its number alone may pass to another. */
export interface Client extends Credentials {
  readonly pid: number;
  readonly startTimeTicks: number;
  readonly pidfd: number;
  /** As whom they have logged in, by which the kernel's audit knows them. */
  readonly loginUid: number | undefined;
  /** False from `dispose` on, too: the descriptor's number may then be another's. */
  isAlive(): boolean;
  dispose(): void;
}

/** Who called connect(). Its credentials are those of that moment; whatever it has executed since, it is not more. */
export function clientOfSocket(socket: Socket): Client {
  const fd = handleOf(socket);
  const { pid, uid, gid } = peerCredentials(fd);
  return pin(openPeer(fd, pid), pid, () => ({ uid, gid, groups: peerGroups(fd) }));
}

/** Before Linux 6.5 the number is all there is: `pin` then compares what is known of who has it. */
function openPeer(fd: number, pid: number): number {
  try {
    return peerPidfd(fd);
  } catch (error) {
    if (errnoOf(error) !== "ENOPROTOOPT") throw gone();
    return pidfdOpen(pid);
  }
}

/** sudo(8) may be two processes: who asks, and a monitor of the terminal. */
const mostAbove = 4;

/** Who started pkexec (our parent, which pkexec was before) or sudo: the first above us that runs as that user. */
export function clientAbove(uid: number): Client {
  const pid = firstAbove(uid);
  const client = pin(pidfdOpen(pid), pid, ({ uid, gid, groups }) => ({
    uid: uid.real,
    gid: gid.real,
    groups,
  }));
  if (firstAbove(uid) === pid) return client;
  client.dispose();
  throw gone();
}

function firstAbove(uid: number): number {
  let pid = process.ppid;
  for (let step = 0; step < mostAbove; step += 1) {
    const ids = readStatus(pid);
    if (ids?.uid.real === uid && ids.uid.effective === uid) return pid;
    if (ids?.uid.effective !== 0) break;
    pid = ids.parentPid;
  }
  throw gone();
}

/** The pidfd comes first, and is asked last: what was read in between is its process's. Throws notAuthorised. */
function pin(pidfd: number, pid: number, read: (status: ProcessStatus) => Credentials): Client {
  try {
    const [stat, status] = [readStat(pid), readStatus(pid)];
    if (!stat || !status) throw gone();
    const credentials = read(status);
    if (status.uid.real !== credentials.uid && status.uid.effective !== credentials.uid) {
      throw gone();
    }
    checkUnconfined(pid, status);
    const loginUid = readLoginUid(pid);
    if (!pidfdIsAlive(pidfd)) throw gone();
    const { startTimeTicks } = stat;
    return { ...credentials, pid, startTimeTicks, loginUid, ...held(pidfd) };
  } catch (error) {
    closeSync(pidfd);
    throw error;
  }
}

function held(pidfd: number): Pick<Client, "pidfd" | "isAlive" | "dispose"> {
  let isOpen = true;
  return {
    pidfd,
    isAlive: () => isOpen && pidfdIsAlive(pidfd),
    dispose: () => {
      if (isOpen) closeSync(pidfd);
      isOpen = false;
    },
  };
}

/**
 * What root starts for a client is in none of the client's sandboxes: so who is in one gets nothing, as no set-uid
 * program would give it anything. Whoever confined itself without a privilege (seccomp, Landlock) had to set
 * no_new_privs first, and whoever was confined by a user namespace is in another than ours.
 */
function checkUnconfined(pid: number, { noNewPrivileges }: ProcessStatus): void {
  const [theirs, ours] = [pid, "self" as const].map((who) => namespaceLinks(who, ["user"]));
  const isOurs =
    typeof theirs === "object" && typeof ours === "object" && theirs.user === ours.user;
  if (isOurs && !noNewPrivileges) return;
  throw refused("confined");
}

function gone(): TerrariumError {
  return refused("gone");
}

function refused(why: "gone" | "confined"): TerrariumError {
  return new TerrariumError("notAuthorised", { what: "use root's helper", why });
}
