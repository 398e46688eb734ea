import {
  formatLimit,
  isInRange,
  type LimitName,
  limitFacts,
  parseLimit,
  spellLimit,
  unitOf,
} from "./limits.ts";
import type { LimitRowReport, LimitTrial } from "./limitsReport.ts";
import type { LimitValue } from "./limitUnits.ts";

/** A limit as the text of a field, in the panel's form and in an input box, and what is wrong with one. */

/** As one would write it: exact, and short where a suffix says the same. */
export function fieldText({ limit, value }: Pick<LimitRowReport, "limit" | "value">): string {
  if (value === undefined) return "";
  const { unit } = limitFacts[limit];
  const text = spellLimit(limit, value);
  const isBytes = unit === "bytes" || unit === "resourceBytes";
  return isBytes ? text.replace(/\d+/g, (bytes) => shortBytes(bytes)) : text;
}

function shortBytes(text: string): string {
  const bytes = Number(text);
  if (!Number.isSafeInteger(bytes)) return text;
  const suffixes = ["", "k", "m", "g", "t"];
  let power = 0;
  while (power < 4 && bytes > 0 && bytes % 1024 ** (power + 1) === 0) power += 1;
  return `${bytes / 1024 ** power}${suffixes[power]}`;
}

/** Undefined: it can be asked for. Whether the kernel agrees is seen when it is. */
export function fieldError(limit: LimitName, text: string): string | undefined {
  if (text.trim() === "") return undefined;
  const { minimum, maximum } = limitFacts[limit];
  const value = parseLimit(limit, text.trim());
  if (value === undefined) return `It is written ${unitOf(limit).example}.`;
  if (!isInRange(limit, value)) return `It must be ${unitOf(limit).range(minimum, maximum)}.`;
  return undefined;
}

/** Another value, not only another spelling. */
export function isOther(row: LimitRowReport, text: string): boolean {
  return spelled(row.limit, parsed(row.limit, text)) !== spelled(row.limit, row.value);
}

function parsed(limit: LimitName, text: string): LimitValue | undefined {
  return text.trim() === "" ? undefined : (parseLimit(limit, text.trim()) ?? text);
}

function spelled(limit: LimitName, value: LimitValue | undefined): string {
  return value === undefined ? "" : spellLimit(limit, value);
}

/** The cgroup above sets it, not this one. */
export function isFromAbove({ file, effective }: LimitRowReport): boolean {
  return effective !== undefined && folderOf(effective.file) !== folderOf(file ?? "");
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}

/** What becomes of a limit that is tried out. */
export function trialText({ limit, before, refused }: LimitTrial): string {
  const { label } = limitFacts[limit];
  const back = formatLimit(limit, before);
  return refused === undefined
    ? `${label} is on trial: it goes back to ${back}.`
    : `${label} was to go back to ${back}. ${refused} It is tried again.`;
}
