import { join } from "node:path";
import { readCgroupFile, writeCgroupFile } from "../kernel/cgroupfs.ts";
import { TerrariumError } from "../protocol/errors.ts";
import { isInForce, type LimitFile, type LimitRow } from "./table.ts";

/** Puts one limit in force and reads it back. Throws limitRefused, with what the kernel answered. */
export function writeLimit(
  row: LimitRow,
  { file, shared, parse, format }: LimitFile,
  directory: string,
  value: number,
): void {
  const path = join(directory, file);
  const refused = (errno: string) =>
    new TerrariumError("limitRefused", {
      limit: row.limit,
      value: String(value),
      file: path,
      errno,
    });
  const current = (shared && readCgroupFile(directory, file)) ?? "";
  const errno = writeCgroupFile(directory, file, format(value, current));
  if (errno !== undefined) throw refused(errno);
  const held = parse(readCgroupFile(directory, file) ?? "");
  if (!isInForce(row, value, held)) throw refused(`it holds ${held ?? "no limit"}`);
}
