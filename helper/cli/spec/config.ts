import { constants, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { TerrariumError } from "../../protocol/errors.ts";
import type { HelperClient } from "../../protocol/methods.ts";
import type { SandboxSpecInput } from "../../protocol/schemas.ts";
import type { Option } from "../options.ts";

export const configOption: Option = {
  name: "config",
  argument: "FILE",
  help: "a sandbox.json; flags win over it",
};

export const specOption: Option = {
  name: "spec",
  argument: "FILE",
  help: "in its place: a spec as inspect --json shows it",
};

/** A whole spec in its own units, which the helper checks as it checks every other. */
export function readSpecFile(path: string): SandboxSpecInput {
  try {
    return JSON.parse(readText(path));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new TerrariumError("pathRefused", { path, reason: `it is no JSON: ${error.message}` });
  }
}

/** The client reads the file, as the user that it runs as; the helper never opens a path that a client names. */
export async function readConfig(
  connection: HelperClient,
  path: string,
): Promise<SandboxSpecInput> {
  const folder = dirname(resolve(path));
  return connection.request("sandbox/parse", { text: readText(path), folder });
}

function readText(path: string): string {
  try {
    // A link may be the work of a program in a sandbox, whose next one this file describes.
    return readFileSync(path, {
      encoding: "utf8",
      flag: constants.O_RDONLY | constants.O_NOFOLLOW,
    });
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    throw new TerrariumError("pathRefused", { path, reason: reasons[code] ?? code });
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  ELOOP: "it is a symbolic link, which a program in a sandbox may have made; name the file itself",
};
