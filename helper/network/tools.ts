import { type SpawnOptions, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { TerrariumError } from "../protocol/errors.ts";

/** The system's own programs, by the package that brings each. Root runs them: never by somebody's PATH. */
const packages = {
  ip: "iproute2",
  tc: "iproute2",
  nft: "nftables",
  nsenter: "util-linux",
} as const;

export type Tool = keyof typeof packages;

const directories = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"] as const;

/** How a program calls the one descriptor that it inherits. */
export const inheritedNamespace = "/proc/self/fd/3";

export function findTool(tool: Tool): string | undefined {
  return directories.map((directory) => join(directory, tool)).find(existsSync);
}

/** Throws networkFailed, with what to install. */
export function toolPath(tool: Tool): string {
  const found = findTool(tool);
  if (found !== undefined) return found;
  throw new TerrariumError("networkFailed", {
    what: `run ${tool}`,
    answer: `it is not installed: apt-get install ${packages[tool]}`,
  });
}

/** What a program reads, and a network namespace that it may use by `inheritedNamespace`. */
export interface ToolInput {
  readonly script?: string;
  readonly namespace?: number;
}

/** Runs one and answers what it wrote. Throws networkFailed. */
export async function runTool(
  tool: Tool,
  args: readonly string[],
  { script = "", namespace }: ToolInput = {},
): Promise<string> {
  const options: SpawnOptions = {
    env: { LC_ALL: "C", PATH: directories.join(":") },
    cwd: "/",
    stdio: ["pipe", "pipe", "pipe", ...(namespace === undefined ? [] : [namespace])],
  };
  const child = spawn(toolPath(tool), args, options);
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on("error", reject).on("close", resolve);
  });
  // One that refuses its arguments does not read.
  child.stdin?.on("error", () => undefined);
  child.stdin?.end(script);
  const [code, output, errors] = await Promise.all([ended, all(child.stdout), all(child.stderr)]);
  if (code === 0) return output;
  throw failure([tool, ...args].join(" "), script, errors);
}

async function all(stream: NodeJS.ReadableStream | null): Promise<string> {
  return stream ? text(stream) : "";
}

/** Of a batch: the line that failed, which ip(8) and tc(8) call `-:3`. */
function failure(command: string, script: string, errors: string): TerrariumError {
  const number = /Command failed -:(\d+)/.exec(errors)?.[1];
  const line = number === undefined ? undefined : script.split("\n")[Number(number) - 1];
  const [answer = "it ended without a word"] = errors.trim().split("\n");
  return new TerrariumError("networkFailed", {
    what: line === undefined ? command : `${command.split(" ")[0]} ${line}`,
    answer: answer.replace(/^Error: /, "").replace(/\.$/, ""),
  });
}
