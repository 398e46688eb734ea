import { setTimeout as sleep } from "node:timers/promises";
import { openRoom, type Room } from "../room.ts";
import { type Allowance, openAllowance } from "./meter.ts";

/**
 * What one user may ask of root's helper, over all of their connections. Who asks for more waits, and is read no
 * further meanwhile (pace.ts); others do not notice.
 */
const requestsPerSecond = 200;
const requestsAtOnce = 1_000;

/** Windows, terminals and scripts of one person; each has a process of theirs here. */
export const connectionsPerUser = 16;

interface Account {
  readonly allowance: Allowance;
  readonly room: Room;
  requests: number;
  sinceMs: number;
  connections: number;
}

/** None is closed: who comes anew has what they had left, and not a fresh one. */
const accounts = new Map<number, Account>();

/** False: they have as many as one may. Otherwise call `leave` once, when it is over. */
export function enter(uid: number): boolean {
  const account = accountOf(uid);
  if (account.connections >= connectionsPerUser) return false;
  account.connections += 1;
  return true;
}

export function leave(uid: number): void {
  accountOf(uid).connections -= 1;
}

export async function takeTurn(uid: number): Promise<void> {
  const account = accountOf(uid);
  const nowMs = performance.now();
  const earned = ((nowMs - account.sinceMs) / 1_000) * requestsPerSecond;
  account.requests = Math.min(requestsAtOnce, account.requests + earned) - 1;
  account.sinceMs = nowMs;
  const waitMs = (-account.requests / requestsPerSecond) * 1_000;
  if (waitMs > 0) await sleep(waitMs, undefined, { ref: false });
}

/** Of what the agents of that user say. */
export function allowanceOf(uid: number): Allowance {
  return accountOf(uid).allowance;
}

/** For what they have asked and is not over. */
export function roomOf(uid: number): Room {
  return accountOf(uid).room;
}

function accountOf(uid: number): Account {
  const account = accounts.get(uid) ?? {
    allowance: openAllowance(),
    room: openRoom(),
    requests: requestsAtOnce,
    sinceMs: performance.now(),
    connections: 0,
  };
  accounts.set(uid, account);
  return account;
}
