import { terrarium } from "./cli.ts";

/** The attempts that succeeded; the last line proves that the script ran to its end. */
export async function succeeded(
  attempts: readonly string[],
  ...options: string[]
): Promise<string[]> {
  const lines = attempts.map((line) => `${line} >/dev/null 2>&1 && echo "${line}"`);
  const output = await shell([...lines, "echo end"].join("\n"), ...options);
  return output.split("\n");
}

/** What a script writes in a sandbox of its own, without the last line end. */
export async function shell(script: string, ...options: string[]): Promise<string> {
  const { stdout } = await terrarium.run(["run", ...options, "--", "sh", "-c", script]);
  return stdout.trim();
}
