import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { hostPrograms, idMaps, launch } from "./launcher.ts";
import { buildStatic } from "./programs.ts";

const source = fileURLToPath(new URL("attacks/attempts.c", import.meta.url));

/** What each attempt of attacks/attempts.c came to: "ok", or the errno's name. */
export type Answers = Readonly<Record<string, string>>;

/** The built program in a directory of its own that a sandbox may see. */
export interface Attempts {
  readonly directory: string;
  /** Launcher options for a sandbox with the host's programs and /attacks/attempts. */
  readonly options: readonly string[];
  /** Every attempt, in a sandbox with these launcher options on top. */
  run(options?: readonly string[]): Promise<Answers>;
  remove(): void;
}

export function buildAttempts(): Attempts {
  const directory = mkdtempSync(join(tmpdir(), "terrarium-attacks-"));
  buildStatic(source, join(directory, "attempts"));
  chmodSync(directory, 0o755);
  const sandbox = [...idMaps, ...hostPrograms, "--ro-bind", directory, "/attacks"];
  return {
    directory,
    options: sandbox,
    run: async (options = []) =>
      readAnswers(
        (await launch(["run", ...sandbox, ...options, "--", "/attacks/attempts"])).stdout,
      ),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

/** "name: answer" lines as a record. */
export function readAnswers(text: string): Answers {
  const lines = text.trim().split(/\r?\n/);
  return Object.fromEntries(lines.map((line) => line.split(": ")));
}
