import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { OomLog } from "../../helper/events/oomLog.ts";
import { parseRecord, unescapeRecord } from "../../helper/kernel/kernelLog.ts";
import { pageBytes } from "../../helper/kernel/pageSize.ts";

/** One OOM as Linux 6.18 logs it, from /dev/kmsg; the stack and memory.stat are left out. */
const logged = [
  "head invoked oom-killer: gfp_mask=0x500cc2(GFP_HIGHUSER|__GFP_ACCOUNT), order=0, oom_score_adj=0",
  "memory: usage 32768kB, limit 32768kB, failcnt 44",
  "memory+swap: usage 32768kB, limit 9007199254740988kB, failcnt 0",
  "Tasks state (memory values in pages):",
  "[  pid  ]   uid  tgid total_vm      rss rss_anon rss_file rss_shmem pgtables_bytes swapents oom_score_adj name",
  "[  31874] 589824 31874       98       34        0       34         0    36864        0             0 terrarium-init",
  "[  31882] 589824 31882      648      367        0      367         0    45056        0             0 7 8 sh",
  "[  31883] 589824 31883      732     9414        0      414         0    40960        0         -1000 my\\x0ahead",
  "[  31884] 589824 31884     8702     8388     8000      388         0   106496        0             0 tail",
  "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=2629c037ed72,mems_allowed=0,oom_memcg=/terrarium/2629c037ed72,task_memcg=/terrarium/2629c037ed72/a,b,task=tail,pid=31884,uid=589824",
  "Memory cgroup out of memory: Killed process 31884 (tail) total-vm:34808kB, anon-rss:32000kB, file-rss:1552kB, shmem-rss:0kB, UID:589824 pgtables:104kB oom_score_adj:0",
];

function read(lines: readonly string[]) {
  return new OomLog().take(lines.map((text, at) => ({ atMs: at, text })));
}

/** The lines with one name in place of `tail`. */
function killOf(name: string) {
  return read(logged.map((line) => line.replace(/\btail\b/, () => name)));
}

describe("an OOM in the kernel's log", () => {
  test("says who died, who was biggest, and whose limit it was", () => {
    assert.deepEqual(read(logged), [
      {
        atMs: 10,
        killed: { pid: 31884, command: "tail", memoryBytes: (32_000 + 1552) * 1024 },
        biggest: { pid: 31883, command: "my\uFFFDhead", memoryBytes: 9414 * pageBytes() },
        limitPath: "/terrarium/2629c037ed72",
        limitBytes: 32_768 * 1024,
        processPath: "/terrarium/2629c037ed72/a,b",
      },
    ]);
  });

  test("is read the same when it comes in pieces", () => {
    const log = new OomLog();
    const kills = logged.flatMap((text, atMs) => log.take([{ atMs, text }]));
    assert.deepEqual(kills, read(logged));
  });

  test("of a machine without memory names no limit", () => {
    const [kill] = read([
      "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,task_memcg=/docker/x,task=db,pid=7,uid=0",
      "Out of memory: Killed process 7 (db) total-vm:1kB, anon-rss:1kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:1kB oom_score_adj:0",
    ]);
    assert.equal(kill?.limitPath, undefined);
    assert.equal(kill?.processPath, "/docker/x");
  });

  test("of a group has one cause for all who die", () => {
    const killed = (pid: number) => logged[10]?.replace("31884", `${pid}`) ?? "";
    const group =
      "Tasks in /terrarium/2629c037ed72 are going to be killed due to memory.oom.group set";
    const kills = read([...logged, group, killed(31_874), killed(31_882)]);
    assert.deepEqual(
      kills.map(({ limitPath }) => limitPath),
      Array(3).fill("/terrarium/2629c037ed72"),
    );
  });

  test("whose summary the kernel held back is not given the last one's cause", () => {
    const another = logged[10]?.replace("31884", "555") ?? "";
    const [, kill] = read([...logged, another]);
    assert.equal(kill?.killed.pid, 555);
    assert.equal(kill?.limitPath, undefined);
    assert.equal(kill?.biggest, undefined);
  });

  test("cannot be made up by a name of 15 bytes", () => {
    for (const name of ["x,pid=1,uid=0", ") total-vm:9kB", "a,task=b,pid=7", "oom-kill:constr"]) {
      const [kill, ...others] = killOf(name);
      assert.equal(kill?.killed.pid, 31_884, name);
      assert.equal(kill?.killed.command, name);
      assert.equal(kill?.killed.memoryBytes, (32_000 + 1552) * 1024, name);
      assert.equal(kill?.limitPath, "/terrarium/2629c037ed72");
      assert.deepEqual(others, []);
    }
  });

  test("is found by a path that no name of a process makes longer", () => {
    for (const name of [",task=", ",task=,pid=1,u", "\\x0a,task=\\x0a\\x0a\\x0a"]) {
      assert.equal(killOf(name)[0]?.processPath, "/terrarium/2629c037ed72/a,b", name);
    }
  });

  test("is found by paths that no name of a cgroup divides elsewhere", () => {
    const own = "/terrarium/2629c037ed72";
    const named = `${own}/a,task_memcg=/terrarium/ffffffffffff`;
    const [kill] = read(
      logged.map((line) => line.replaceAll(/=\/terrarium.*?(?=,task)/g, `=${named}`)),
    );
    assert.deepEqual([kill?.limitPath, kill?.processPath], [named, named]);
  });

  test("never makes the reader throw, and control characters do not pass", () => {
    const line = fc.oneof(
      fc.constantFrom(...logged),
      fc.string(),
      fc.stringMatching(/^\[ *\d+\] /),
    );
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        for (const { killed } of read(lines)) assert.doesNotMatch(killed.command ?? "", /\p{Cc}/u);
      }),
    );
  });
});

describe("a record of /dev/kmsg", () => {
  test("is the kernel's own, with the time at which it was said", () => {
    assert.deepEqual(parseRecord("6,3230,16470542824,-;oom-kill:x;y\n SUBSYSTEM=z\n", 1000), {
      atMs: 1000 + 16_470_542.824,
      text: "oom-kill:x;y",
    });
  });

  test("of a program that may write there is not: it has another facility", () => {
    for (const prefix of [12, 8, 30, 158])
      assert.equal(
        parseRecord(`${prefix},1,2,-;Out of memory: Killed process 1 (x)`, 0),
        undefined,
      );
  });

  test("shows what the kernel escaped", () => {
    assert.equal(unescapeRecord("a\\x0ab\\x5cc\\xc3\\xa9"), "a\nb\\cé");
  });
});
