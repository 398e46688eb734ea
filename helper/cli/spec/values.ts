import { capabilities } from "../../protocol/capabilities.ts";
import { isDeviceWord } from "../../protocol/devices.ts";
import { parseDuration } from "../../protocol/duration.ts";
import { parseLimit, unitOf } from "../../protocol/limits.ts";
import { type NamespaceType, namespaceTypes } from "../../protocol/namespaces.ts";
import { type BothLimits, type UlimitName, ulimitNames } from "../../protocol/privileges.ts";
import { resourceLimitOf, ulimitFrom } from "../../protocol/resourceLimits.ts";
import { clocks } from "../../protocol/sharing.ts";
import { oneOf } from "../choice.ts";
import { UsageError } from "../usage.ts";

/** How the text of a flag is read, where it is not taken as it stands. `flag` is for the complaint. */

/** `K=V`, or `K` for the value that it has here; a variable that is not set here is left out, as in Docker. */
export function readVariable(text: string, flag: string): Readonly<Record<string, string>> {
  const at = text.indexOf("=");
  if (at === 0) throw new UsageError(`${flag} ${text} is malformed`, "It is written NAME=VALUE.");
  if (at > 0) return Object.fromEntries([[text.slice(0, at), text.slice(at + 1)]]);
  const value = process.env[text];
  return value === undefined ? {} : Object.fromEntries([[text, value]]);
}

export function readDuration(text: string, flag: string): string {
  if (parseDuration(text) !== undefined) return text;
  throw new UsageError(
    `${flag} ${text} is no duration`,
    "It is written 90s, 30m or 1h30m, and is 366 days at most.",
  );
}

/** NET_RAW, net_raw and CAP_NET_RAW are the same. */
export function readCapability(text: string, flag: string) {
  return oneOf(flag, ["ALL", ...capabilities], text.toUpperCase().replace(/^CAP_/, ""));
}

export function readDevice(text: string, flag: string): string {
  if (isDeviceWord(text)) return text;
  throw new UsageError(
    `${flag} ${text} is malformed`,
    "It is written /dev/fuse, /dev/fuse:/dev/other or /dev/fuse:/dev/fuse:rw.",
  );
}

type Choice = "new" | "host" | { readonly join: string };

export function readNamespace(
  text: string,
  flag: string,
): { readonly [type in NamespaceType]?: Choice } {
  const [, type = "", whose = ""] = /^([^=]*)=(.+)$/.exec(text) ?? [];
  if (!whose) {
    throw new UsageError(
      `${flag} ${text} is malformed`,
      "It is written net=host, net=new, net=SANDBOX, net=PID or net=/PATH.",
    );
  }
  const choice = whose === "new" || whose === "host" ? whose : { join: whose };
  return { [oneOf(flag, namespaceTypes, type)]: choice };
}

interface Offset {
  readonly secs: number;
  readonly nanosecs: number;
}

/** `boottime=86400`, `monotonic=-1.5`: nanoseconds are counted up from the second below. */
export function readOffset(
  text: string,
  flag: string,
): { readonly [clock in (typeof clocks)[number]]?: Offset } {
  const [, clock = "", sign = "", whole = "", fraction = ""] =
    /^([a-z]+)=(-?)(\d{1,12})(?:\.(\d{1,9}))?$/.exec(text) ?? [];
  if (!whole) {
    throw new UsageError(
      `${flag} ${text} is malformed`,
      "It is written boottime=86400 or monotonic=-1.5.",
    );
  }
  const nanosecs = Number(fraction.padEnd(9, "0"));
  const below = sign && nanosecs > 0;
  const secs = (sign ? -Number(whole) : Number(whole)) - (below ? 1 : 0);
  return {
    [oneOf(flag, clocks, clock)]: { secs, nanosecs: below ? 1_000_000_000 - nanosecs : nanosecs },
  };
}

/** `nofile=1024`, `nofile=1024:2048`, `stack=8m:unlimited`; -1 is Docker's word for that. */
export function readUlimit(
  text: string,
  flag: string,
): { readonly [name in UlimitName]?: BothLimits } {
  const [, word = "", value = ""] = /^([a-z]+)=(.+)$/.exec(text) ?? [];
  if (word === "")
    throw malformed(flag, text, "as nofile=1024, nofile=1024:2048 or core=unlimited");
  const name = oneOf(flag, ulimitNames, word);
  const limit = resourceLimitOf(name);
  const pair = parseLimit(limit, value);
  if (pair === undefined) throw malformed(flag, text, `${name}=${unitOf(limit).example}`);
  return { [name]: ulimitFrom(`${pair}`) };
}

function malformed(flag: string, text: string, example: string): UsageError {
  return new UsageError(`${flag} ${text} is malformed`, `It is written ${example}.`);
}
