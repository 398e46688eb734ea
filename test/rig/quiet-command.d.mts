import type { SpawnOptions } from "node:child_process";

export class CommandFailed extends Error {
  constructor(command: readonly string[], reason: string, output: string);
}

export function runQuietly(command: readonly string[], options?: SpawnOptions): Promise<string>;
