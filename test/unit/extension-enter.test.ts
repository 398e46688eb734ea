import assert from "node:assert/strict";
import { test } from "node:test";
import { entryWords, previewGroups } from "../../extension/enter/previewText.ts";
import type { EntryPlan } from "../../helper/protocol/following.ts";

const plan: EntryPlan = {
  pid: 812,
  startTimeTicks: 1,
  command: "nginx",
  user: "www-data",
  args: ["/bin/bash"],
  namespaces: ["mnt", "net"],
  toolbox: { used: false },
  rows: [
    { name: "user", host: "me (1000)", target: "www-data (33)", entered: "www-data (33)" },
    { name: "seccomp", host: "off", target: "1 filter", entered: "Terrarium's own filter" },
    { name: "cgroup", host: "/user", target: "/web", entered: "/user" },
  ],
};

test("the preview says of each attribute whether it is the target's, the host's, or neither", () => {
  const groups = previewGroups(plan).map(({ title, lines }) => [
    title,
    ...lines.map(({ name, words }) => `${name} ${words}`),
  ]);
  assert.deepEqual(groups, [
    [
      "neither nginx's nor the host's",
      "seccomp Terrarium's own filter  (host off, nginx 1 filter)",
    ],
    ["as nginx has it: host → you will have", "user me (1000) → www-data (33)"],
    ["stays the host's: you will have (nginx has)", "cgroup /user  (/web)"],
  ]);
});

test("what has no room in a line is there as a whole below it", () => {
  const target = "chown dac_override fowner fsetid kill setgid setuid setpcap net_bind_service";
  const rows = [{ name: "capabilities", host: "all 41", target, entered: target }];
  const [group] = previewGroups({ ...plan, rows });
  assert.match(group?.lines[0]?.words ?? "", /^all 41 → chown .{29}…$/);
  assert.equal(group?.lines[0]?.whole, target);
});

test("one line says what Enter would do", () => {
  assert.equal(entryWords(plan), "as www-data (33) · in its mnt, net namespaces · runs /bin/bash");
});
