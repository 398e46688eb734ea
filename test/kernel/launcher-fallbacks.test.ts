import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { Injector } from "./injector.ts";
import { asRoot, hostPrograms, idMaps } from "./launcher.ts";
import { buildWithout, type Missing, mountCalls } from "./without.ts";

interface Lack extends Missing {
  readonly name: string;
  /** The tests whose launcher is on such a kernel. */
  readonly files: readonly string[];
  /** What cannot be had then, and is refused with a hint. */
  readonly refused?: string;
}

const pidfds = ["pidfd_open", "pidfd_send_signal"];
const withoutPidfds = "die-with";
/** Filters of another process are read by nobody who has some, as everybody here. */
const copies = "--seccomp target";
const idMapping = "id-mapped|--idmap";

const lacks: readonly Lack[] = [
  { name: "openat2", missing: ["openat2"], files: ["run", "mounts", "races", "enter"] },
  { name: "clone3", missing: ["clone3"], files: ["run", "cleanup", "enter"] },
  { name: "close_range", missing: ["close_range"], files: ["run", "enter"] },
  {
    name: "pidfds",
    missing: pidfds,
    files: ["life", "enter", "follow", "terminal"],
    refused: `${withoutPidfds}|${copies}`,
  },
  {
    name: "the mount calls of Linux 5.2 and 5.12",
    missing: mountCalls,
    files: ["run", "mounts", "races", "terminal"],
    refused: idMapping,
  },
  {
    name: "mount calls that a filter forbids",
    missing: mountCalls,
    answer: "EPERM",
    files: ["mounts"],
    refused: idMapping,
  },
  ...mountCalls.map((call) => ({
    name: `${call} alone`,
    missing: [call],
    files: ["mounts"],
    ...(/^(open_tree|mount_setattr)$/.test(call) && { refused: idMapping }),
  })),
  {
    name: "any of them",
    missing: ["openat2", "clone3", "close_range", ...pidfds, ...mountCalls],
    files: ["run", "mounts", "cleanup", "life", "enter", "follow"],
    refused: `${withoutPidfds}|${idMapping}|${copies}`,
  },
];

/** The build with sanitizers is no build for the races (test/suites.ts): they want speed. */
const isSanitized = process.env["TERRARIUM_LAUNCHER"] !== undefined;

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

/** Throws with their report when one of them fails. */
function runTests(files: readonly string[], launcher: string, refused?: string): void {
  const { NODE_TEST_CONTEXT: _, ...environment } = process.env;
  const skip = refused === undefined ? [] : [`--test-skip-pattern=${refused}`];
  const chosen = files.filter((name) => !(isSanitized && name === "races"));
  const paths = chosen.map((name) => here(`launcher-${name}.test.ts`));
  // One file at a time: they mount on this machine, and look at its mounts.
  const how = ["--test", "--test-reporter=dot", "--test-concurrency=1"];
  execFileSync(process.execPath, [...how, ...skip, ...paths], {
    env: { ...environment, TERRARIUM_LAUNCHER: launcher },
    encoding: "utf8",
  });
}

describe("a kernel without", { ...asRoot, timeout: 300_000 }, () => {
  let directory = "";
  before(() => {
    directory = mkdtempSync(join(tmpdir(), "terrarium-without-"));
    execFileSync("chmod", ["755", directory]);
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  for (const lack of lacks) {
    it(`${lack.name} has the same sandboxes`, () => {
      runTests(lack.files, buildWithout(directory, lack), lack.refused);
    });
  }

  it("pidfds refuses --die-with, and says what to do", () => {
    const args = ["run", "--status-fd", "1", ...idMaps, ...hostPrograms, "--die-with"];
    const line = [...args, `${process.pid}`, "--", "true"];
    const { status, stdout } = spawnSync(buildWithout(directory, { missing: pidfds }), line, {
      encoding: "utf8",
    });
    assert.equal(status, 125);
    assert.match(stdout, /"call":"pidfd_open".*"errno":"ENOSYS".*do without --die-with/);
  });

  it("CLONE_INTO_CGROUP has init in its cgroups all the same", {
    skip: process.arch !== "x64" && "the injector needs x86-64",
  }, async () => {
    const injector = new Injector();
    const cgroup = `/sys/fs/cgroup/${existsSync("/sys/fs/cgroup/unified") ? "unified/" : ""}terrarium-without-${process.pid}`;
    const args = ["run", "--status-fd", "3", "--sync-fd", "4", ...idMaps, ...hostPrograms];
    let inside = "";
    mkdirSync(cgroup);
    try {
      const point = { role: "0", call: "clone3", nth: 1, detail: "" };
      const outcome = await injector.run(
        [...args, "--cgroup", cgroup, "--", "sleep", "1"],
        { mode: "fail", point, errno: "EBUSY" },
        {
          onReady: () => {
            inside ||= readFileSync(join(cgroup, "cgroup.procs"), "utf8");
          },
        },
      );
      assert.deepEqual([outcome.hit, outcome.code], [true, 0]);
      assert.notEqual(inside, "");
    } finally {
      if (existsSync(cgroup)) rmdirSync(cgroup);
      injector.close();
    }
  });
});
