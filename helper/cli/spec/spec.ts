import type { HelperClient } from "../../protocol/methods.ts";
import type { SandboxSpecInput } from "../../protocol/schemas.ts";
import { lastValue, type Option, type ParsedArguments, under } from "../options.ts";
import { UsageError } from "../usage.ts";
import { configOption, readConfig, readSpecFile, specOption } from "./config.ts";
import { flags, saidByFlags } from "./flags.ts";
import { merge } from "./merge.ts";

/** Every option that says what a sandbox is, rather than how it is attended. */
export const specOptions: readonly Option[] = [
  ...under("The sandbox", [configOption, specOption]),
  ...flags,
];

export async function readSpec(
  connection: HelperClient,
  parsed: ParsedArguments,
): Promise<SandboxSpecInput> {
  return specOf(await describedBy(connection, parsed), parsed);
}

async function describedBy(
  connection: HelperClient,
  parsed: ParsedArguments,
): Promise<SandboxSpecInput> {
  const config = lastValue(parsed, configOption.name);
  const spec = lastValue(parsed, specOption.name);
  if (config !== undefined && spec !== undefined) {
    throw new UsageError("--spec cannot stand beside --config", "Each of them says everything.");
  }
  if (spec !== undefined) return readSpecFile(spec);
  return config === undefined ? {} : readConfig(connection, config);
}

/** What a file, the flags and the words after two hyphens ask for together. */
export function specOf(file: SandboxSpecInput, parsed: ParsedArguments): SandboxSpecInput {
  const said = saidByFlags(parsed);
  const args = parsed.command?.length ? { args: [...parsed.command] } : {};
  return { ...merge(saysNetwork(said) ? withoutNetwork(file) : file, said), ...args };
}

/** `network` and `namespaces.net` are two words for one thing: a flag's wins over the file's other one, too. */
function saysNetwork({ network, namespaces }: SandboxSpecInput): boolean {
  return network !== undefined || namespaces?.net !== undefined;
}

function withoutNetwork(file: SandboxSpecInput): SandboxSpecInput {
  const { network: _network, namespaces: { net: _net, ...namespaces } = {}, ...rest } = file;
  return { ...rest, namespaces };
}
