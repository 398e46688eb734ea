import assert from "node:assert/strict";
import { test } from "node:test";
import { parseSettings } from "../../helper/enter/sysctls.ts";
import { compareFacts } from "../../helper/inspect/compare/compare.ts";
import { parseEnvironment } from "../../helper/inspect/compare/environment.ts";
import type { ComparedFacts } from "../../helper/inspect/compare/facts.ts";
import { isSecret } from "../../helper/inspect/compare/secrets.ts";
import type { Known } from "../../helper/kernel/known.ts";
import { type ComparisonGroup, comparisonGroups } from "../../helper/protocol/comparison.ts";
import { comparisonText } from "../../helper/protocol/comparisonText.ts";

type Facts = Readonly<Record<string, string>>;

function known(facts: Facts): Known<ReadonlyMap<string, string>> {
  return { known: true, value: new Map(Object.entries(facts)) };
}

/** Groups that are not named hold nothing. */
function factsOf(groups: Partial<Record<ComparisonGroup, Facts>>): ComparedFacts {
  const all = comparisonGroups.map((group) => [group, known(groups[group] ?? {})] as const);
  return Object.fromEntries(all) as ComparedFacts;
}

function groupOf(group: ComparisonGroup, left: Facts, right: Facts, secrets = false) {
  const all = compareFacts(factsOf({ [group]: left }), factsOf({ [group]: right }), { secrets });
  return all.find((one) => one.group === group);
}

test("what is the same is counted, what differs is named, what one lacks is absent", () => {
  assert.deepEqual(
    groupOf("namespaces", { net: "1", pid: "2", uts: "3" }, { net: "1", pid: "9" }),
    {
      group: "namespaces",
      same: 1,
      differences: [
        { name: "pid", left: "2", right: "9" },
        { name: "uts", left: "3", right: undefined },
      ],
      leftOut: 0,
    },
  );
});

test("what may not be read is not known, and not the same", () => {
  const denied = { ...factsOf({}), mounts: { known: false, why: "EACCES" } } as const;
  const [mounts] = compareFacts(factsOf({}), denied, { secrets: false }).filter(
    ({ group }) => group === "mounts",
  );
  assert.deepEqual(mounts, {
    group: "mounts",
    same: 0,
    differences: [],
    leftOut: 0,
    notKnown: "EACCES",
  });
});

test("a password that differs is told to differ, and not what it is, unless that was asked for", () => {
  const [left, right] = [{ DB_PASSWORD: "tide", LANG: "C" }, { LANG: "de_DE.UTF-8" }];
  assert.deepEqual(groupOf("environment", left, right)?.differences, [
    { name: "DB_PASSWORD", left: "set, not shown", right: undefined },
    { name: "LANG", left: "C", right: "de_DE.UTF-8" },
  ]);
  const [shown] = groupOf("environment", left, right, true)?.differences ?? [];
  assert.equal(shown?.left, "tide");
});

test("secrets are known by their names and by their values", () => {
  const secret = [
    ["AWS_SECRET_ACCESS_KEY", "x"],
    ["npm_config_//host/:_authToken", "x"],
    ["MYSQL_PWD", "x"],
    ["DATABASE_URL", "postgres://tide:moon@db/tides"],
    ["SETTINGS", "-----BEGIN PRIVATE KEY-----"],
    ["BADGE", "ghp_abcdefghijklmnop"],
  ] as const;
  for (const [name, value] of secret) assert.ok(isSecret(name, value), name);
  const plain = [
    ["PATH", "/usr/bin"],
    ["PWD", "/srv"],
    ["HOME", "/root"],
    ["MONKEY", "yes"],
    ["DOCS", "https://host/path"],
  ] as const;
  for (const [name, value] of plain) assert.ok(!isSecret(name, value), name);
});

test("differences are bounded in number and in length", () => {
  const many = Object.fromEntries(Array.from({ length: 250 }, (_, at) => [`/m${at}`, "x"]));
  const mounts = groupOf("mounts", many, {});
  assert.deepEqual([mounts?.differences.length, mounts?.leftOut], [200, 50]);
  const [long] = groupOf("mounts", { "/": "x".repeat(9_000) }, {})?.differences ?? [];
  assert.equal(long?.left?.length, 400);
});

test("a setting that only one of two namespaces shows is the machine's, and no difference", () => {
  const host = { "net.core.somaxconn": "4096", "net.core.netdev_budget": "300" };
  const group = groupOf("sysctls", host, { "net.core.somaxconn": "128" });
  assert.deepEqual(
    group?.differences.map(({ name }) => name),
    ["net.core.somaxconn"],
  );
});

test("of a variable that stands there twice the first counts, and nothing hostile passes", () => {
  assert.deepEqual(
    [...parseEnvironment("A=1\0A=2\0noise\0=x\0B=a\u001b[2Jb\nc\0")],
    [
      ["A", "1"],
      ["B", "a\ufffd[2Jb\ufffdc"],
    ],
  );
});

test("settings are named as sysctl(8) names them, without those of single interfaces", () => {
  const text = [
    "/proc/sys/net/ipv4/ip_forward:1",
    "/proc/sys/net/ipv4/tcp_rmem:4096\t131072\t6291456",
    "/proc/sys/net/ipv4/conf/eth0/forwarding:1",
    "/proc/sys/net/ipv4/conf/all/forwarding:0",
    "/proc/sys/kernel/hostname:a:b",
    "grep: noise",
  ].join("\n");
  assert.deepEqual(Object.fromEntries(parseSettings(text)), {
    "net.ipv4.ip_forward": "1",
    "net.ipv4.tcp_rmem": "4096 131072 6291456",
    "net.ipv4.conf.all.forwarding": "0",
    "kernel.hostname": "a:b",
  });
});

test("short differences stand side by side, long ones below each other", () => {
  const process = (pid: number, command: string) => ({
    process: {
      ...{ pid, command, nestedPids: [pid], parentPid: 1, uid: 0 },
      ...{ commandLine: command, startTimeTicks: 1 },
    },
  });
  const path = `/usr/bin:${"x".repeat(30)}`;
  const text = comparisonText({
    left: process(812, "nginx"),
    right: { ...process(900, "bash"), sandbox: "web" },
    groups: [
      groupOf("namespaces", { net: "1 the host's" }, { net: "2" }),
      groupOf("environment", { PATH: path, LANG: "C" }, { LANG: "C" }),
      groupOf("mounts", { "/": "ext4" }, { "/": "ext4" }),
    ].flatMap((group) => group ?? []),
  });
  assert.equal(
    text,
    [
      "< 812  nginx",
      "> 900  bash, sandbox web",
      "",
      "Namespaces: 1 differs, 0 the same",
      "  net  < 1 the host's  > 2",
      "",
      "Environment at their start: 1 differs, 1 the same",
      "  PATH",
      `    < ${path}`,
      "    > none",
      "",
      "Mounts: nothing differs, 1 the same",
    ].join("\n"),
  );
});
