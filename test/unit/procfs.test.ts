import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { parseMountinfo, unescapeOctal } from "../../helper/kernel/mountinfo.ts";
import {
  parseCgroupMemberships,
  parseCommandLine,
  parseIdMap,
  parseNamespaceLink,
  parseStat,
  parseStatus,
} from "../../helper/kernel/proctext.ts";
import { capabilities, capabilityNames } from "../../helper/protocol/capabilities.ts";

const statTail =
  "S 1 4242 4242 34816 4300 4194560 1043 0 5 0 12 3 0 0 20 0 1 0 188107 7618560 1043 18446744073709551615 1 1 0 0 0 0 0 0 65536 0 0 0 17 1 0 0 0 0 0\n";

const status = `Name:	sh\\nPid:\\t1
Umask:	0022
State:	S (sleeping)
Tgid:	4242
Ngid:	0
Pid:	4242
PPid:	77
TracerPid:	0
Uid:	1000	1001	1002	1003
Gid:	100	101	102	103
FDSize:	256
Groups:	4 24 65534 
NStgid:	4242	17	1
NSpid:	4242	17	1
NSpgid:	4242	17	1
Threads:	3
CapInh:	0000000000000000
CapPrm:	0000000000000400
CapEff:	0000000000000401
CapBnd:	000001fffeffffff
CapAmb:	0000000000000000
NoNewPrivs:	1
Seccomp:	2
Seccomp_filters:	1
`;

describe("/proc/PID/stat", () => {
  test("gives parent and start time", () => {
    assert.deepEqual(parseStat(`4242 (bash) ${statTail}`), {
      pid: 4242,
      command: "bash",
      state: "S",
      parentPid: 1,
      flags: 4194560,
      threads: 1,
      startTimeTicks: 188107,
    });
  });

  for (const command of ["a b", ") S 1 1", "((", "))", "x\ny", ") R 0 0 (", ""]) {
    test(`is not fooled by a process that calls itself ${JSON.stringify(command)}`, () => {
      const stat = parseStat(`7 (${command}) ${statTail}`);
      assert.deepEqual(
        [stat?.command, stat?.parentPid, stat?.startTimeTicks],
        [command, 1, 188107],
      );
    });
  }

  test("is not fooled by any name", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 64, unit: "binary" }), (command) => {
        const stat = parseStat(`7 (${command}) ${statTail}`);
        assert.equal(stat?.command, command);
        assert.equal(stat?.startTimeTicks, 188107);
      }),
    );
  });

  test("that was cut short is no answer", () => {
    assert.equal(parseStat("7 (bash) S 1 1"), undefined);
    assert.equal(parseStat(""), undefined);
  });
});

describe("/proc/PID/status", () => {
  const parsed = parseStatus(status);

  test("gives the four uids and gids, and the groups", () => {
    assert.deepEqual(parsed?.uid, { real: 1000, effective: 1001, saved: 1002, fileSystem: 1003 });
    assert.deepEqual(parsed?.gid, { real: 100, effective: 101, saved: 102, fileSystem: 103 });
    assert.deepEqual(parsed?.groups, [4, 24, 65534]);
  });

  test("gives the pids from the outermost namespace to the innermost", () => {
    assert.deepEqual(parsed?.nestedPids, [4242, 17, 1]);
  });

  test("gives the privileges", () => {
    assert.deepEqual(capabilityNames(parsed?.capabilities.effective ?? 0n), [
      "CHOWN",
      "NET_BIND_SERVICE",
    ]);
    assert.equal(parsed?.noNewPrivileges, true);
    assert.equal(parsed?.seccomp, 2);
    assert.equal(parsed?.threads, 3);
  });

  test("of an older kernel lacks lines, and is read all the same", () => {
    const old = parseStatus("Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nGroups:\t\n");
    assert.deepEqual(old?.nestedPids, []);
    assert.deepEqual(old?.groups, []);
    assert.equal(old?.noNewPrivileges, false);
  });

  test("without ids is no answer", () => {
    assert.equal(parseStatus("Name:\tbash\n"), undefined);
  });
});

describe("capability names", () => {
  test("are 41, in the order of the bits", () => {
    assert.equal(capabilities.length, 41);
    assert.deepEqual(capabilityNames((1n << 41n) - 1n), capabilities);
    assert.deepEqual(capabilityNames(1n << 21n), ["SYS_ADMIN"]);
  });

  test("of a bit that a newer kernel added are its number", () => {
    assert.deepEqual(capabilityNames((1n << 41n) | 1n), ["CHOWN", "41"]);
  });
});

describe("/proc/PID/mountinfo", () => {
  test("gives a mount with optional fields", () => {
    const line =
      "36 35 98:0 /mnt1 /mnt\\0402 rw,noatime shared:1 master:2 - ext3 /dev/ro\\134ot rw,errors=continue\n";
    assert.deepEqual(parseMountinfo(line), [
      {
        id: 36,
        parentId: 35,
        device: "98:0",
        root: "/mnt1",
        mountPoint: "/mnt 2",
        options: "rw,noatime",
        fileSystem: "ext3",
        source: "/dev/ro\\ot",
        superOptions: ["rw", "errors=continue"],
      },
    ]);
  });

  test("gives a mount whose source is empty or a hyphen", () => {
    const [empty, hyphen] = parseMountinfo(
      "1 0 0:1 / /a rw - tmpfs  rw\n2 0 0:2 / /b rw - tmpfs - rw\n",
    );
    assert.equal(empty?.source, "");
    assert.equal(hyphen?.source, "-");
  });

  test("keeps octal escapes apart from characters that only look like them", () => {
    assert.equal(unescapeOctal("a\\011b\\012c\\134040"), "a\tb\nc\\040");
  });

  test("is read line by line: a line of another form is left out", () => {
    assert.deepEqual(parseMountinfo("nonsense\n\n1 2 3\n"), []);
  });
});

test("a namespace link gives its inode, and only for its own type", () => {
  assert.equal(parseNamespaceLink("net:[4026531840]", "net"), 4026531840);
  assert.equal(parseNamespaceLink("net:[4026531840]", "mnt"), undefined);
  assert.equal(parseNamespaceLink("/net:[4026531840]", "net"), undefined);
});

test("an id map gives inside, outside and count of each line", () => {
  const map = "         0     100000      65536\n     65536       1000          1\n";
  assert.deepEqual(parseIdMap(map), [
    [0, 100000, 65536],
    [65536, 1000, 1],
  ]);
  assert.deepEqual(parseIdMap(""), []);
});

test("a cgroup path may hold colons, and leave the reader's cgroup namespace", () => {
  const text = "12:cpu,cpuacct:/a:b\n1:name=systemd:/x\n0::/../other\n";
  assert.deepEqual(parseCgroupMemberships(text), [
    { hierarchy: 12, controllers: ["cpu", "cpuacct"], path: "/a:b" },
    { hierarchy: 1, controllers: ["name=systemd"], path: "/x" },
    { hierarchy: 0, controllers: [], path: "/../other" },
  ]);
});

test("a command line keeps empty arguments, and loses the padding of a rewritten title", () => {
  assert.deepEqual(parseCommandLine("sh\0-c\0\0x\0"), ["sh", "-c", "", "x"]);
  assert.deepEqual(parseCommandLine("nginx: worker\0\0\0\0"), ["nginx: worker"]);
  assert.deepEqual(parseCommandLine(""), []);
});

test("no text makes a parser throw", () => {
  const parsers = [
    parseStat,
    parseStatus,
    parseMountinfo,
    parseIdMap,
    parseCgroupMemberships,
    parseCommandLine,
    (text: string) => parseNamespaceLink(text, "net"),
  ];
  const hostile = fc.oneof(
    fc.string({ unit: "binary" }),
    fc
      .array(fc.constantFrom("(", ")", " ", "\n", "\t", ":", "0", "-", "\\", "\0", "/"))
      .map((all) => all.join("")),
  );
  fc.assert(
    fc.property(hostile, (text) => {
      for (const parse of parsers) parse(text);
    }),
  );
});
