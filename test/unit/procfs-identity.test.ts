import assert from "node:assert/strict";
import { test } from "node:test";
import { parseGroup, parsePasswd, parseSubordinateRanges } from "../../helper/kernel/identity.ts";

test("passwd gives name, ids, home and shell; lines of another form are left out", () => {
  const text = [
    "root:x:0:0:root:/root:/bin/bash",
    "+::::::",
    "# comment",
    "short:x:5",
    "negative:x:-1:-1::/:/bin/sh",
    "noid:x:4294967295:0::/:/bin/sh",
    "anna:x:1000:1000:Anna,,,:/home/anna:",
    "",
  ].join("\n");
  assert.deepEqual(parsePasswd(text), [
    { name: "root", uid: 0, gid: 0, home: "/root", shell: "/bin/bash" },
    { name: "anna", uid: 1000, gid: 1000, home: "/home/anna", shell: "" },
  ]);
});

test("group gives members", () => {
  assert.deepEqual(parseGroup("adm:x:4:syslog,anna\nempty:x:5:\n"), [
    { name: "adm", gid: 4, members: ["syslog", "anna"] },
    { name: "empty", gid: 5, members: [] },
  ]);
});

test("subuid gives ranges, owners by name or number", () => {
  assert.deepEqual(parseSubordinateRanges("anna:100000:65536\n1001:165536:65536\nbad:x:1\n"), [
    { owner: "anna", start: 100000, count: 65536 },
    { owner: "1001", start: 165536, count: 65536 },
  ]);
});
