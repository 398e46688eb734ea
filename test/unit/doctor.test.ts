import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { diagnose } from "../../helper/doctor/diagnosis.ts";
import type { Knobs } from "../../helper/doctor/knobs.ts";
import type { DoctorFinding, DoctorReport } from "../../helper/protocol/doctor.ts";
import { commandLine, doctorText } from "../../helper/protocol/doctorText.ts";

/** A host that forbids nothing. */
const open: Knobs = {
  mostUserNamespaces: 100_000,
  unprivilegedClone: undefined,
  appArmorRestricts: undefined,
  hasFilter: false,
  noNewPrivileges: false,
  maskedProc: [],
};

const clone = { stage: "namespaces", call: "clone3", path: "", errno: "EPERM" };
const mount = { stage: "mount", call: "fsmount", path: "proc", errno: "EPERM" };

/** What no machine of the tests has: kernels of Debian 10 and Ubuntu 24.04. */
describe("which knob is behind a refused call", () => {
  test("Debian's sysctl, where it is there and 0", () => {
    const knobs = { ...open, unprivilegedClone: 0 };
    assert.match(diagnose(clone, knobs)?.cause ?? "", /unprivileged_userns_clone/);
    assert.equal(diagnose(clone, { ...open, unprivilegedClone: 1 }), undefined);
  });

  test("Ubuntu's AppArmor, whichever call is the first to want a capability", () => {
    const knobs = { ...open, appArmorRestricts: 1 };
    for (const failure of [clone, mount]) {
      assert.match(diagnose(failure, knobs)?.cause ?? "", /AppArmor/);
    }
    assert.equal(diagnose(mount, { ...open, appArmorRestricts: 0 }), undefined);
  });

  test("nothing is blamed for an error that it does not answer", () => {
    const knobs = { ...open, appArmorRestricts: 1, hasFilter: true, maskedProc: ["/proc/acpi"] };
    assert.equal(diagnose({ ...mount, errno: "ENOMEM" }, knobs), undefined);
  });
});

describe("the doctor's report", () => {
  const broken: DoctorFinding = {
    name: "sandboxes",
    verdict: "broken",
    tried: "one",
    answer: "EPERM",
    cost: "None can be made.",
    fix: { words: "allow them", command: ["sh", "-c", "echo 'a' > b"] },
  };
  const fine: DoctorFinding = { name: "limits", verdict: "fine", tried: "cgroups", answer: "cpu" };
  const report: DoctorReport = {
    version: "1",
    kernel: "6.1",
    architecture: "x64",
    as: "root",
    cgroupMode: "v2",
    findings: [fine, broken],
  };

  test("has what is broken first, and knows the line of each finding", () => {
    const { text, lineOf } = doctorText(report);
    const lines = text.split("\n");
    assert.equal(lines[lineOf.get(broken) ?? 0], "✗ sandboxes");
    assert.equal(lines[lineOf.get(fine) ?? 0], "✓ limits: cpu");
    assert.ok((lineOf.get(broken) ?? 0) < (lineOf.get(fine) ?? 0));
  });

  test("shows a command as one types it", () => {
    assert.equal(commandLine(["sh", "-c", "echo 'a' > b"]), "sudo sh -c 'echo '\\''a'\\'' > b'");
  });
});
