import { TerrariumError } from "../protocol/errors.ts";
import { sandboxSpec } from "../protocol/schemas.ts";
import { createSandbox } from "../sandboxes/create.ts";
import { removeSandbox } from "../sandboxes/end.ts";
import type { SandboxHost } from "../sandboxes/host.ts";
import { amiss, type Check, fine, type Outcome } from "./check.ts";
import { diagnose } from "./diagnosis.ts";
import { readKnobs } from "./knobs.ts";
import { words } from "./userSandbox.ts";

const tried = "a sandbox with the default settings, which runs true(1)";

/** The whole way, by whom this helper makes them: the registry, cgroups, id-mapped mounts, the command. */
export const ownSandbox: Check = {
  name: "sandboxes of this helper",
  examine: async (host) => {
    try {
      await makeOne(host);
      return fine(tried, "one ran, and nothing of it is left");
    } catch (error) {
      return explain(error);
    }
  },
};

async function makeOne(host: SandboxHost): Promise<void> {
  const spec = sandboxSpec.parse({ args: ["true"] });
  const { sandbox } = await createSandbox(host, {
    spec,
    stdio: "none",
    clientEnv: {},
    shellIntegration: false,
    start: true,
    keep: true,
  });
  await removeSandbox(host, sandbox.id, true);
}

function explain(error: unknown): Outcome {
  const cost = "No sandbox can be made.";
  if (!TerrariumError.is(error, "launcherFailed")) {
    return amiss("broken", tried, error instanceof Error ? error.message : `${error}`, cost);
  }
  const diagnosis = diagnose(error.args, readKnobs());
  return amiss("broken", tried, words(error.args, diagnosis), cost, diagnosis?.fix);
}
