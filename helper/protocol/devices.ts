import * as z from "zod/mini";

/** Docker's and Compose's word for a device of the host: `HOST[:INSIDE[:rwm]]`. */
const pattern = /^(\/[^:\0]{1,4094})(?::(\/[^:\0]{1,4094}))?(?::([rwm]{1,3}))?$/;

export const devices = z
  .array(z.string().check(z.regex(pattern, "must be HOST, HOST:INSIDE or HOST:INSIDE:rwm")))
  .check(z.maxLength(64));

export interface WantedDevice {
  readonly source: string;
  readonly target: string;
  /** As in devices.allow of version 1: r, w and m (mknod). */
  readonly access: string;
}

/** What the schema has accepted. */
export function wantedDevice(text: string): WantedDevice {
  const [, source = "", target = source, access = "rwm"] = pattern.exec(text) ?? [];
  return { source, target, access };
}

export function isDeviceWord(text: string): boolean {
  return pattern.test(text);
}
