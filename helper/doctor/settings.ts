import { readFileSync } from "node:fs";
import { isGone } from "../kernel/errors.ts";

/** A number of /proc/sys, by sysctl(8)'s name; undefined where this kernel has no such setting. */
export function readSysctl(name: string): number | undefined {
  const text = readSetting(`/proc/sys/${name.replaceAll(".", "/")}`);
  return text === undefined ? undefined : Number(text);
}

export function readSetting(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}
