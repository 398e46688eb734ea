import { it, type TestContext } from "node:test";
import type { Workbench } from "./workbench.ts";

/** A test with a picture at its end. After one that failed there is nothing to go on from. */
export type Step = (name: string, picture: string, body: (t: TestContext) => Promise<void>) => void;

/** One user's session, step by step: each test goes on where the one before it stopped. */
export function makeSteps(workbench: () => Workbench): Step {
  let broken = false;
  return (name, picture, body) => {
    it(name, async (t) => {
      if (broken) return t.skip("an earlier step failed");
      broken = true;
      await body(t).catch(async (error: unknown) => {
        await workbench().picture(`${picture}-failed`);
        throw error;
      });
      await workbench().picture(picture);
      broken = false;
    });
  };
}
