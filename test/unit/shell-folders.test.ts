import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { matchFolders } from "../../helper/enter/folders.ts";
import { parseMountinfo } from "../../helper/kernel/mountinfo.ts";
import { folderRules } from "../../helper/launch/folders.ts";
import { integrateShell } from "../../helper/launch/shellIntegration.ts";
import { plannedFolders } from "../../helper/sandboxes/plan/folders.ts";

describe("the folders of a shell", () => {
  test("are told the longest first, and once", () => {
    const rules = folderRules([
      { inside: "/", outside: "/" },
      { inside: "/usr", outside: "/usr" },
      { inside: "/work", outside: "/home/me/work" },
      { inside: "/work/build", outside: "/home/me/work/build" },
      { inside: "/work/tmp", outside: undefined },
    ]);
    assert.deepEqual(rules, [
      { inside: "/work/tmp", outside: "/proc/0/root/work/tmp" },
      { inside: "/work", outside: "/home/me/work" },
      { inside: "", outside: "" },
      { inside: "", outside: "/proc/0/root" },
    ]);
  });

  test("of one name are what was mounted last", () => {
    const rules = folderRules([
      { inside: "/a", outside: "/x" },
      { inside: "/a", outside: "/y" },
    ]);
    assert.equal(rules.find(({ inside }) => inside === "/a")?.outside, "/y");
  });

  test("with a name that would end a sequence or a quotation hide what is around them", () => {
    for (const name of ["it's", "a;b", "a\\b", "a\u0007b", "a\nb", "a*"]) {
      const rules = folderRules([
        { inside: "/", outside: "/" },
        { inside: `/work/${name}/deep`, outside: "/elsewhere" },
        { inside: "/odd", outside: `/home/${name}` },
      ]);
      assert.deepEqual(rules.slice(0, 2), [
        { inside: "/work", outside: "/proc/0/root/work" },
        { inside: "/odd", outside: "/proc/0/root/odd" },
      ]);
    }
  });

  test("are told of none where they are too many", () => {
    const many = Array.from({ length: 100 }, (_, at) => ({
      inside: `/${at}`,
      outside: `/x/${at}`,
    }));
    assert.deepEqual(folderRules(many), [{ inside: "", outside: "/proc/0/root" }]);
  });

  test("are found where the host shows the same file system, unless something covers it", () => {
    const own = parseMountinfo(
      `1 0 8:1 / / rw - ext4 /dev/sda1 rw
       2 1 8:2 /homes /home rw - ext4 /dev/sda2 rw
       3 1 0:50 / /var/lib/overlay/merged rw - overlay overlay rw
       4 2 0:51 / /home/covered rw - tmpfs tmpfs rw`.replaceAll(/^ +/gm, ""),
    );
    const theirs = parseMountinfo(
      `5 0 0:50 / / rw - overlay overlay rw
       6 5 8:2 /homes/me/work /work rw - ext4 /dev/sda2 rw
       7 5 8:2 /homes/covered/it /covered rw - ext4 /dev/sda2 rw
       8 5 8:2 /other /other rw - ext4 /dev/sda2 rw
       9 5 8:1 /etc/hosts /etc/hosts rw - ext4 /dev/sda1 rw
       10 5 0:60 / /tmp rw - tmpfs tmpfs rw`.replaceAll(/^ +/gm, ""),
    );
    assert.deepEqual(matchFolders(own, theirs), [
      { inside: "/", outside: "/var/lib/overlay/merged" },
      { inside: "/work", outside: "/home/me/work" },
      { inside: "/covered", outside: undefined },
      { inside: "/other", outside: undefined },
      { inside: "/etc/hosts", outside: "/etc/hosts" },
      { inside: "/tmp", outside: undefined },
    ]);
  });

  test("of a sandbox are its binds, and nowhere where it has a layer of its own", () => {
    const folders = plannedFolders([
      { kind: "root", source: "/srv/root", target: "/" },
      { kind: "overlay", target: "/" },
      { kind: "bind", source: "/home/me", target: "/work" },
      { kind: "protect", target: "/work/.git" },
      { kind: "tmpfs", target: "/tmp" },
    ]);
    assert.deepEqual(folders, [
      { inside: "/", outside: "/srv/root" },
      { inside: "/", outside: undefined },
      { inside: "/work", outside: "/home/me" },
      { inside: "/tmp", outside: undefined },
    ]);
  });
});

describe("a shell's start", () => {
  const start = (...command: string[]) => ({ command, environment: { USER: "me" } });

  test("stays as it is where nobody types into it, or nobody knows the shell", () => {
    for (const one of [
      start("/bin/bash", "-c", "env"),
      start("/bin/busybox", "ls", "/"),
      start("/bin/nu"),
    ]) {
      assert.equal(integrateShell(one, { folders: [] }), one);
    }
  });

  test("keeps what the user's variables say", () => {
    const own = { command: ["/bin/bash"], environment: { PROMPT_COMMAND: "history -a" } };
    const { environment } = integrateShell(own, { folders: [] });
    assert.match(environment["PROMPT_COMMAND"] ?? "", /^history -a\n/);
    const prompt = { command: ["/bin/sh"], environment: { PS1: "mine> " } };
    assert.match(integrateShell(prompt, { folders: [] }).environment["PS1"] ?? "", /mine> /);
  });

  test("knows busybox behind another name, whose line has no room for what is not seen", () => {
    const { environment } = integrateShell(start("/bin/sh"), { folders: [], program: "busybox" });
    assert.match(environment["PS1"] ?? "", /^\\\[.*\\\]\\w/s);
  });
});
