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

/** Of all users: with subordinate ids one person can be 65,536 of them. */
const connectionsInAll = 256;

interface Account {
  readonly allowance: Allowance;
  readonly room: Room;
  requests: number;
  sinceMs: number;
  connections: number;
}

/** Who comes anew has what they had left, and not a fresh one. */
const accounts = new Map<number, Account>();

/** False: they, or all together, have as many as may be. Otherwise call `leave` once, when it is over. */
export function enter(uid: number): boolean {
  forgetThoseAtRest();
  const account = ownAccount(uid);
  if (account.connections >= connectionsPerUser || allConnections() >= connectionsInAll)
    return false;
  account.connections += 1;
  return true;
}

export function leave(uid: number): void {
  ownAccount(uid).connections -= 1;
}

export async function takeTurn(uid: number): Promise<void> {
  const account = ownAccount(uid);
  account.requests = requestsOf(account) - 1;
  account.sinceMs = performance.now();
  const waitMs = (-account.requests / requestsPerSecond) * 1_000;
  if (waitMs > 0) await sleep(waitMs, undefined, { ref: false });
}

/** Of what the agents of that user say. */
export function allowanceOf(uid: number): Allowance {
  return ownAccount(uid).allowance;
}

/** For what they have asked and is not over. */
export function roomOf(uid: number): Room {
  return ownAccount(uid).room;
}

/** What stands for that user here, until all of it is as if they had never come. */
export function accountOf(uid: number): object {
  return ownAccount(uid);
}

function ownAccount(uid: number): Account {
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

function requestsOf({ requests, sinceMs }: Account): number {
  const earned = ((performance.now() - sinceMs) / 1_000) * requestsPerSecond;
  return Math.min(requestsAtOnce, requests + earned);
}

function allConnections(): number {
  return [...accounts.values()].reduce((sum, { connections }) => sum + connections, 0);
}

function forgetThoseAtRest(): void {
  for (const [uid, account] of accounts) if (isAtRest(account)) accounts.delete(uid);
}

function isAtRest(account: Account): boolean {
  const { connections, allowance, room } = account;
  const hasAll = requestsOf(account) === requestsAtOnce && allowance.isWhole();
  return connections === 0 && hasAll && room.isEmpty();
}
