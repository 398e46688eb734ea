import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { checkGuest } from "../../helper/enter/guest.ts";
import type { EntryParameters } from "../../helper/enter/plan.ts";
import { TerrariumError } from "../../helper/protocol/errors.ts";
import { followedNames } from "../../helper/protocol/following.ts";

/** An entry by root for somebody else. */
describe("a guest", () => {
  const asked: EntryParameters = {
    pid: 4711,
    follow: [...followedNames],
    asRoot: false,
    toolbox: "never",
    thaw: false,
    stdio: "tty",
    clientEnv: {},
    shellIntegration: false,
  };
  const guest = { uid: 1000, gid: 1000, groups: [] };
  const check = (
    more: Partial<EntryParameters>,
    host: Parameters<typeof checkGuest>[0] = { guest },
  ) => checkGuest(host, { ...asked, ...more }, new Set(more.follow ?? asked.follow), ["mnt"]);

  test("enters a process as what it is, with tools too", () => {
    check({});
    check({ toolbox: "always", shellIntegration: true });
  });

  test("neither as more than it is, nor lets others run for it", () => {
    for (const more of [{ asRoot: true }, { follow: [] }, { thaw: true }]) {
      const refused = (error: unknown) => TerrariumError.is(error, "notAuthorised");
      assert.throws(() => check(more), refused, JSON.stringify(more));
      check(more, {});
    }
  });
});
