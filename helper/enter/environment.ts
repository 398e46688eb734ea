import { closeSync, openSync, readSync } from "node:fs";

/**
 * Of the target's environment only what says where its programs and its files are, and in which language it speaks:
 * never what loads code (LD_*, PYTHONPATH …) or is a secret. TERM is that of whoever looks.
 */
const followedVariables = new Set(["PATH", "HOME", "LANG", "LANGUAGE", "TZ", "USER", "LOGNAME"]);
const followedPrefix = /^LC_[A-Z]+$/;

const capBytes = 256 * 1024;
const longestValue = 4096;

/** The variables that its program was started with, or set in that place since; empty where nobody may read them. */
export function followedEnvironment(pid: number): Readonly<Record<string, string>> {
  return parseEnvironment(readEnviron(pid));
}

export function parseEnvironment(text: string): Readonly<Record<string, string>> {
  const pairs = text.split("\0").flatMap((line): [string, string][] => {
    const at = line.indexOf("=");
    const [name, value] = [line.slice(0, at), line.slice(at + 1)];
    const wanted = followedVariables.has(name) || followedPrefix.test(name);
    return at > 0 && wanted && isPlain(value) ? [[name, value]] : [];
  });
  return Object.fromEntries(pairs.reverse()); // of two the first counts: getenv(3)
}

/** Bytes that are no text would arrive as others. */
function isPlain(value: string): boolean {
  return value.length <= longestValue && !value.includes("\uFFFD");
}

function readEnviron(pid: number): string {
  let file: number | undefined;
  try {
    file = openSync(`/proc/${pid}/environ`, "r");
    const memory = Buffer.alloc(capBytes);
    let length = 0;
    for (let got = -1; got !== 0 && length < capBytes; length += got) {
      got = readSync(file, memory, length, capBytes - length, null);
    }
    return memory.toString("utf8", 0, length);
  } catch {
    return "";
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
