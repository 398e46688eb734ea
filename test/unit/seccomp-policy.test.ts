import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";

const native = fileURLToPath(new URL("../../native", import.meta.url));
const architectures = ["x86_64", "aarch64"];
const versionIn = (header: string): string => /libseccomp [\d.]+/.exec(header)?.[0] ?? "";

describe("the policy of the system-call filter", () => {
  let directory = "";
  before(() => {
    directory = mkdtempSync(join(tmpdir(), "terrarium-policy-"));
    const places = [`BUILD=${directory}`, `POLICY=${directory}`];
    execFileSync("make", ["-s", "-C", native, "policy", ...places], { stdio: "pipe" });
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  for (const architecture of architectures)
    it(`is what the committed filter for ${architecture} was compiled from, byte for byte`, (t) => {
      const committed = readFileSync(join(native, "policy", `${architecture}.h`), "utf8");
      const compiled = readFileSync(join(directory, `${architecture}.h`), "utf8");
      const [then, now] = [versionIn(committed), versionIn(compiled)];
      // Another version may lay the same tree out differently.
      if (then !== now) t.skip(`it was compiled by ${then}, and this machine has ${now}`);
      else assert.equal(compiled, committed);
    });

  const mistakes: Readonly<Record<string, RegExp>> = {
    "opne: allow": /libseccomp knows no call opne/,
    "read: allow\nread: return EPERM": /line 2: a call is named twice/,
    read: /line 1: expected `CALL/,
    "read: allowed": /line 1: expected `return ERROR`/,
    "read: return EWHAT": /line 1: this error is not known/,
    "chmod: arg1 in ~(S_ISUID|S_WHAT); return EPERM": /line 1: this constant is not known/,
    "chmod: arg1 in S_ISUID; return EPERM": /line 1: expected ~\(BIT\|BIT\)/,
    "chmod: arg6 != AF_INET; return EPERM": /line 1: expected arg0 to arg5/,
    "chmod: arg1 == AF_INET; return EPERM": /line 1: expected !=, in or is/,
    "chmod: arg1 is AF_INET|S_ISUID; return EPERM": /line 1: this constant is not known/,
    "chmod: arg1 != AF_INET &&; return EPERM": /line 1: a condition is missing/,
    "chmod: ; return EPERM": /line 1: a condition is missing/,
    "chmod: arg1 != AF_INET && arg1 != AF_UNIX || arg2 != AF_INET; return EPERM":
      /line 1: expected && everywhere, or \|\| everywhere/,
  };

  for (const [text, message] of Object.entries(mistakes))
    it(`is refused where it says ${JSON.stringify(text)}`, () => {
      const policy = join(directory, "mistaken.policy");
      writeFileSync(policy, `${text}\n`);
      const compiler = join(directory, "compile-policy");
      const { status, stderr } = spawnSync(compiler, [policy, "x86_64"], { encoding: "utf8" });
      assert.equal(status, 1, stderr);
      assert.match(stderr, message);
    });
});
