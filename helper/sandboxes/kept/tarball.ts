import {
  type BigIntStats,
  createReadStream,
  existsSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";

/** What a file held, and by what it is known to hold the same later. */
export interface Content {
  /** SHA-256. */
  readonly hash: string;
  /** Undefined: it may have changed since without a trace. */
  readonly identity: string | undefined;
}

/** Clocks of file systems stand still for up to 10 ms (HZ=100): a change in the same tick would leave no trace. */
const settledMs = 100n;

const nsPerMs = 1_000_000n;

const chunkBytes = 1024 * 1024;

/** In pieces, so that a helper goes on serving meanwhile. */
export async function readContent(path: string): Promise<Content> {
  // Four milliseconds of each start, which hardly one has a use for.
  const { createHash } = await import("node:crypto");
  const startedMs = BigInt(Date.now());
  const before = await stat(path, { bigint: true });
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: chunkBytes })) {
    hash.update(chunk);
  }
  const settled = before.ctimeNs / nsPerMs + settledMs < startedMs;
  const identity = describe(before);
  const same = settled && identity === (await readIdentity(path));
  return { hash: hash.digest("hex"), identity: same ? identity : undefined };
}

/**
 * Whoever changes a file changes its ctime, which no call can set back (utimensat(2) sets the other two): only
 * who may set the clock or write to the disk itself could, and gets a root that the same file once held.
 */
export async function readIdentity(path: string): Promise<string> {
  return describe(await stat(path, { bigint: true }));
}

const describe = ({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string =>
  [dev, ino, size, mtimeNs, ctimeNs].join(" ");

/** The file that an image was last found to be of. */
export function readSource(image: string): string | undefined {
  const file = join(image, "source");
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
}

/** Another helper may do the same. */
export function writeSource(image: string, identity: string): void {
  const file = join(image, `source.${process.pid}`);
  writeFileSync(file, identity, { mode: 0o600 });
  renameSync(file, join(image, "source"));
}
