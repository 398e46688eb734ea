import { execFileSync } from "node:child_process";
import { mkdirSync, renameSync } from "node:fs";
import { basename, join } from "node:path";
import { cache } from "../rig/cache.ts";
import type { Architecture } from "../rig/machine-kernel.ts";
import { checkout } from "../rig/prepare.mjs";

/** C programs for the machines, built into the git-ignored cache. */

const compilers: Readonly<Record<Architecture, string>> = {
  x86_64: "x86_64-linux-gnu-gcc",
  aarch64: "aarch64-linux-gnu-gcc",
};

/** Of this machine. */
export const own: Architecture = process.arch === "arm64" ? "aarch64" : "x86_64";

/** The launcher as it ships for that architecture: `npm run build` makes this machine's own. */
export function buildLauncher(architecture: Architecture): string {
  if (architecture === own) return join(checkout, "dist/native/launcher");
  const folder = folderFor(architecture);
  const output = join(folder, "launcher");
  const places = [`BUILD=${join(folder, "build")}`, `OUTPUT=${output}`];
  const compiler = `CC=${compilers[architecture]}`;
  execFileSync("make", ["-s", "-C", join(checkout, "native"), compiler, ...places]);
  return output;
}

/** A static program from one source file of the checkout. */
export function buildProgram(architecture: Architecture, source: string): string {
  const output = join(folderFor(architecture), basename(source, ".c"));
  // Whole when it has its name: another machine may be made of it at the same time.
  const partial = `${output}-${process.pid}`;
  const options = ["-O1", "-static", "-o", partial, join(checkout, source)];
  execFileSync(compilers[architecture], options);
  renameSync(partial, output);
  return output;
}

function folderFor(architecture: Architecture): string {
  const folder = join(cache, `programs-${architecture}`);
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** The project's Node with the libraries that it is linked with, for a machine of this architecture. */
export function nodeFiles(): Record<string, string> {
  const listed = execFileSync("ldd", [process.execPath], { encoding: "utf8" });
  const libraries = [...listed.matchAll(/(\/\S+) \(0x/g)].map(([, path = ""]) => path);
  return {
    "/bin/node": process.execPath,
    ...Object.fromEntries(libraries.map((path) => [path, path])),
  };
}

/** The built client, as it is installed: /opt/terrarium/dist/bin/terrarium. */
export function distributionFiles(): Record<string, string> {
  const native = ["launcher", "koffi.node", "task-iterator"].map((name) => `native/${name}`);
  const parts = ["bin", ...native, "package.json"];
  return Object.fromEntries(
    parts.map((part) => [`/opt/terrarium/dist/${part}`, join(checkout, "dist", part)]),
  );
}
