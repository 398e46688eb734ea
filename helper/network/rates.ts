import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import * as z from "zod/mini";
import { findTool, type Tool } from "./tools.ts";

/**
 * The rates of a link, in bytes per second, both held on the host's end, where nobody inside reaches them: what the
 * sandbox gets is shaped by a queue (tc-tbf(8)), what it sends is dropped above its rate (nft(8), limit), for the
 * kernel queues only what leaves a device.
 */
export type Direction = "up" | "down";

export interface Rate {
  /** Undefined: there is none. */
  readonly read: (device: string) => number | undefined;
  /** Answers what was refused, in the tool's words. */
  readonly write: (device: string, rate: number | undefined) => string | undefined;
}

export const rates: Readonly<Record<Direction, Rate>> = {
  down: {
    read: (device) => {
      const answer = ask("tc", ["-json", "qdisc", "show", "dev", device, "root"], queues);
      return answer?.find(({ kind }) => kind === "tbf")?.options?.rate;
    },
    write: (device, rate) => {
      // tc(8) refuses to take away what is not there.
      if (rate === undefined && rates.down.read(device) === undefined) return undefined;
      return tell("tc", ["qdisc", ...queueWords(device, rate)]);
    },
  },
  up: {
    read: (device) => {
      const answer = ask("nft", ["-j", "list", "chain", "inet", device, rateChain], rules);
      const limit = answer?.nftables
        .flatMap(({ rule }) => rule?.expr ?? [])
        .find((expression) => expression.limit)?.limit;
      return limit && limit.rate * multiples[limit.rate_unit];
    },
    write: (device, rate) => tell("nft", ["-f", "-"], rateScript(device, rate)),
  },
};

/** A chain of its own, so that it can be changed without the rest. */
export const rateChain = "rate";

const queues = z.array(
  z.object({ kind: z.string(), options: z.optional(z.object({ rate: z.optional(z.number()) })) }),
);

/** nft(8) writes a number that is a multiple with a larger unit. */
const multiples = { bytes: 1, kbytes: 1024, mbytes: 1024 ** 2 } as const;
const limit = z.object({ rate: z.number(), rate_unit: z.enum(["bytes", "kbytes", "mbytes"]) });
const expression = z.object({ limit: z.optional(limit) });
const rules = z.object({
  nftables: z.array(z.object({ rule: z.optional(z.object({ expr: z.array(expression) })) })),
});

/** 20 ms at once; what waits longer than 50 ms is dropped, so that a full queue does not delay the rest. */
function queueWords(device: string, rate: number | undefined): readonly string[] {
  if (rate === undefined) return ["delete", "dev", device, "root"];
  const burst = Math.max(32_768, Math.round(rate / 50));
  const words = `tbf rate ${rate}bps burst ${burst}b latency 50ms`.split(" ");
  return ["replace", "dev", device, "root", ...words];
}

/** An eighth of a second's worth at once, and no less than two packets that are not cut yet. */
function rateScript(device: string, rate: number | undefined): string {
  const flush = `flush chain inet ${device} ${rateChain}\n`;
  if (rate === undefined) return flush;
  const burst = Math.max(131_072, Math.round(rate / 8));
  const rule = `limit rate over ${rate} bytes/second burst ${burst} bytes drop`;
  return `${flush}add rule inet ${device} ${rateChain} ${rule}\n`;
}

function ask<S extends z.ZodMiniType>(
  tool: Tool,
  args: readonly string[],
  schema: S,
): z.output<S> | undefined {
  const { status, stdout } = run(tool, args);
  return status === 0 ? schema.safeParse(JSON.parse(stdout || "[]")).data : undefined;
}

function tell(tool: Tool, args: readonly string[], script = ""): string | undefined {
  const { status, stderr, error } = run(tool, args, script);
  return status === 0 ? undefined : (error?.message ?? (stderr ?? "").trim().split("\n")[0]);
}

/** The helper waits for it: no longer than for a kernel that is busy. */
const timeout = 10_000;

function run(tool: Tool, args: readonly string[], input = ""): Partial<SpawnSyncReturns<string>> {
  const path = findTool(tool);
  if (path === undefined) return { stderr: `${tool} is not installed` };
  const env = { LC_ALL: "C" };
  return spawnSync(path, args, { input, encoding: "utf8", env, cwd: "/", timeout });
}
