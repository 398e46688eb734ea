import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import {
  type ResourceLimitName,
  resourceLimitFacts,
  resourceLimitNames,
} from "../../helper/protocol/resourceLimits.ts";
import { terrarium } from "./cli.ts";
import { buildStatic } from "./programs.ts";

/** What each limit of a process does to one that wants more, by its own account: within 10 %. */

interface Load {
  readonly value: string;
  /** What loads/resources.c says that it got, at most. */
  readonly most: number;
  /** What it cannot do without. */
  readonly more?: readonly string[];
}

/** Two that Linux does not enforce have none. */
const loads: { readonly [N in ResourceLimitName]?: Load } = {
  ulimitAs: { value: "50m", most: 50 * 2 ** 20 },
  ulimitCore: { value: "2m", most: 2 * 2 ** 20 },
  // At the hard one the kernel ends it.
  ulimitCpu: { value: "2:4", most: 2_000_000 },
  ulimitData: { value: "10m", most: 10 * 2 ** 20 },
  ulimitFsize: { value: "1m", most: 2 ** 20 },
  ulimitMemlock: { value: "1m", most: 2 ** 20 },
  ulimitMsgqueue: { value: "800000", most: 800_000 },
  ulimitNice: { value: "25", most: 25 },
  ulimitNofile: { value: "50", most: 50 },
  ulimitNproc: { value: "50", most: 50 },
  ulimitRtprio: { value: "10", most: 10 },
  ulimitRttime: { value: "200000:400000", most: 200_000, more: ["--ulimit", "rtprio=1"] },
  ulimitSigpending: { value: "50", most: 50 },
  ulimitStack: { value: "1m", most: 2 ** 20 },
};

describe("a process that wants more gets as much as its limit, and no more:", () => {
  const folder = mkdtempSync(join(tmpdir(), "terrarium-resources-"));
  const program = join(folder, "resources");
  before(() => {
    chmodSync(folder, 0o755);
    buildStatic(join(import.meta.dirname, "loads/resources.c"), program);
  });
  after(() => rmSync(folder, { recursive: true }));

  for (const limit of resourceLimitNames) {
    const { resource, label } = resourceLimitFacts[limit];
    const load = loads[limit];
    if (!load) continue;
    test(`${label} (${resource})`, async (t) => {
      if (resource === "core" && !writesCores()) return t.skip("core files go elsewhere here");
      const options = ["--ulimit", `${resource}=${load.value}`, ...(load.more ?? [])];
      const words = ["run", ...options, "-v", `${program}:/resources:ro`, "--", "/resources"];
      const { code, stdout, stderr } = await terrarium.run([...words, resource]);
      if (/raising it needs CAP_SYS_RESOURCE/.test(stderr)) {
        return t.skip("needs CAP_SYS_RESOURCE, which test/vm/limits.test.ts has");
      }
      assert.equal(code, 0, stderr);
      const share = Number(stdout) / load.most;
      assert.ok(share > 0.9 && share < 1.1, `${stdout.trim()} of ${load.most}`);
    });
  }
});

/** Not to a program, nor to a folder that a sandbox does not have: core(5). */
function writesCores(): boolean {
  return readFileSync("/proc/sys/kernel/core_pattern", "utf8").trim() === "core";
}
