import { spawn } from "node:child_process";

/** A compiler says the reason first, npm in the middle of its warnings, apt last: keep both ends. */
const shownLines = 30;

/** A command that failed, with what it printed. */
export class CommandFailed extends Error {
  constructor(command, reason, output) {
    super(`${command.join(" ")}: ${reason}\n${bothEnds(output)}`.trimEnd());
    this.name = "CommandFailed";
  }
}

function bothEnds(output) {
  const lines = output.trimEnd().split("\n");
  if (lines.length <= 2 * shownLines) return lines.join("\n");
  return [...lines.slice(0, shownLines), "…", ...lines.slice(-shownLines)].join("\n");
}

/**
 * Runs a command whose output matters only when it fails.
 *
 * @param {readonly string[]} command program and arguments; no shell is involved
 * @param {import("node:child_process").SpawnOptions} [options]
 * @returns {Promise<string>} what it printed on both descriptors
 * @throws {CommandFailed} when it cannot start or exits with anything but 0
 */
export function runQuietly(command, options = {}) {
  const [program, ...args] = command;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], ...options });
    let output = "";
    const collect = (chunk) => {
      output += chunk;
    };
    child.stdout?.on("data", collect);
    child.stderr?.on("data", collect);
    child.on("error", (error) => reject(new CommandFailed(command, error.message, output)));
    child.on("close", (code, signal) => {
      if (code === 0) resolve(output);
      else reject(new CommandFailed(command, signal ?? `exit code ${code}`, output));
    });
  });
}
