import { existsSync } from "node:fs";
import type { ExportFormat } from "../protocol/exports.ts";
import type { ParameterOutput } from "../protocol/schemas.ts";
import { bwrapCommand } from "./exports/bwrap.ts";
import { dockerCommand, podmanCommand } from "./exports/docker.ts";
import { ociConfig } from "./exports/oci.ts";
import type { ExportFacts } from "./exports/script.ts";
import { unshareCommand } from "./exports/unshare.ts";
import type { SandboxHost } from "./host.ts";
import { planInFull } from "./preview.ts";

const exporters: { readonly [format in ExportFormat]: (facts: ExportFacts) => string } = {
  docker: dockerCommand,
  podman: podmanCommand,
  bwrap: bwrapCommand,
  unshare: unshareCommand,
  oci: ociConfig,
};

/**
 * The nearest equivalent of a sandbox in another tool's words. The spec's own variables stand in it with
 * their values, because they are the asker's to give; those of `passEnv` by name.
 */
export async function exportSandbox(
  host: SandboxHost,
  { as, ...parameters }: ParameterOutput<"sandbox/export">,
): Promise<{ readonly text: string }> {
  const { plan, environment } = await planInFull(host, { ...parameters, clientEnv: {} });
  // The launcher skips what is not there; others fail.
  const mounts = plan.mounts.filter(({ kind, target }) => kind !== "protect" || existsSync(target));
  const { env, processes } = parameters.spec;
  const command = processes?.[0]?.args ?? plan.command;
  const text = exporters[as]({ plan: { ...plan, mounts, command }, environment, set: env });
  return { text };
}
