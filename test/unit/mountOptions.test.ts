import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseArguments } from "../../helper/cli/options.ts";
import { flags, saidByFlags } from "../../helper/cli/spec/flags.ts";

const parse = (...words: string[]) => saidByFlags(parseArguments(words, flags, "run")).mounts;

describe("mounts on the command line", () => {
  test("--volume is a bind, --tmpfs memory with a size and a mode", () => {
    assert.deepEqual(parse("-v", "/a:/b:ro", "--tmpfs", "/t:size=64m,mode=700", "--tmpfs=/u"), [
      { type: "bind", source: "/a", target: "/b", readOnly: true },
      { type: "tmpfs", target: "/t", mode: "700", sizeBytes: 64 * 1024 * 1024 },
      { type: "tmpfs", target: "/u", mode: "1777" },
    ]);
  });

  test("--mount takes Docker's words, with their short forms", () => {
    assert.deepEqual(
      parse(
        ...["--mount", "type=bind,src=/a,dst=/b,ro,bind-recursive=disabled"],
        ...["--mount", "type=bind,source=/a,destination=/b,readonly=false"],
        ...["--mount", "type=tmpfs,target=/t,tmpfs-size=1g,tmpfs-mode=755"],
        ...["--mount", "type=sysfs,target=/sys"],
      ),
      [
        { type: "bind", source: "/a", target: "/b", readOnly: true, recursive: false },
        { type: "bind", source: "/a", target: "/b", readOnly: false, recursive: true },
        { type: "tmpfs", target: "/t", mode: "755", sizeBytes: 1024 ** 3 },
        { type: "sysfs", target: "/sys" },
      ],
    );
  });

  for (const [words, says] of [
    [["-v", "/a"], /--volume \/a is malformed/],
    [["--tmpfs", "/t:size=much"], /much is no size/],
    [["--tmpfs", "/t:noexec"], /noexec is unknown/],
    [["--mount", "type=bind,soruce=/a"], /soruce is unknown/],
    [["--mount", "target=/t"], /the type is missing or unknown/],
    [["--mount", "type=volume,target=/t"], /the type is missing or unknown/],
    [["--mount", "type=bind,target=/t"], /source is missing/],
    [["--mount", "type=sysfs,target=/sys,ro"], /readonly is unknown/],
    [["--mount", "type=bind,src=/a,dst=/b,ro=perhaps"], /readonly perhaps is unknown/],
  ] as const) {
    test(`${words.join(" ")} is a mistake, and said to be one`, () => {
      assert.throws(() => parse(...words), says);
    });
  }
});
