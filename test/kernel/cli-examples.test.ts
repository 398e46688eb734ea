import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { commands } from "../../helper/cli/main.ts";
import { terrarium } from "./cli.ts";
import { needsRoot } from "./isolated.ts";

const folder = mkdtempSync(join(tmpdir(), "terrarium-examples-"));
mkdirSync(join(folder, "data"));
writeFileSync(join(folder, "sandbox.json"), "{}");

after(() => rmSync(folder, { recursive: true, force: true }));

/** The client's words of `terrarium run -v a:/b -- true`, with an option that keeps it from doing it. */
function planned(example: string): string[] {
  const [, command = "", ...words] = example.split(" ");
  return [command, "--plan", ...words.filter((word) => word !== "-it")];
}

describe("the examples that the help ends with", needsRoot, () => {
  for (const example of commands.flatMap(({ examples = [] }) => examples)) {
    test(`${example} is understood, and could be done`, async () => {
      const { code, stdout, stderr } = await terrarium.run(planned(example), { cwd: folder });
      assert.equal(stderr, "");
      assert.equal(code, 0);
      assert.match(stdout, /^clone flags /m);
    });
  }
});
