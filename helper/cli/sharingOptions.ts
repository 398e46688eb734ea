import { type NamespaceType, namespaceTypes } from "../protocol/namespaces.ts";
import type { SandboxSpecInput } from "../protocol/schemas.ts";
import { clocks, networkModes } from "../protocol/sharing.ts";
import { allValues, lastValue, type Option, type ParsedArguments } from "./options.ts";
import { UsageError } from "./usage.ts";

/** The options that say which namespaces are the sandbox's own. */
export const sharingOptions: readonly Option[] = [
  {
    name: "namespace",
    argument: "TYPE=WHOSE",
    help: "new, host, or that of a sandbox, pid or path",
  },
  { name: "network", argument: "none|host", help: "as --namespace net=new, net=host" },
  { name: "time-offset", argument: "CLOCK=SECS", help: "move a clock inside, as boottime=86400" },
];

type Words = Pick<SandboxSpecInput, "namespaces" | "network" | "timeOffsets">;

/** What was not given is undefined. */
export function parseSharing(parsed: ParsedArguments): Words {
  const namespaces = allValues(parsed, "namespace").map(parseNamespace);
  const offsets = allValues(parsed, "time-offset").map(parseOffset);
  const mode = lastValue(parsed, "network");
  return {
    namespaces: namespaces.length > 0 ? Object.fromEntries(namespaces) : undefined,
    network: mode === undefined ? undefined : { mode: oneOf("network", networkModes, mode) },
    timeOffsets: offsets.length > 0 ? Object.fromEntries(offsets) : undefined,
  };
}

/** The file's and the flags' together; what a flag says of the network, in either word, wins. */
export function mergeSharing(file: Words, flags: Words): Words {
  const { net, ...others } = file.namespaces ?? {};
  const network =
    flags.namespaces?.net === undefined ? (flags.network ?? file.network) : flags.network;
  return {
    namespaces: {
      ...others,
      ...(net === undefined || flags.network ? {} : { net }),
      ...flags.namespaces,
    },
    network,
    ...((file.timeOffsets || flags.timeOffsets) && {
      timeOffsets: { ...file.timeOffsets, ...flags.timeOffsets },
    }),
  };
}

function parseNamespace(text: string): [NamespaceType, "new" | "host" | { readonly join: string }] {
  const [, type = "", whose = ""] = /^([^=]*)=(.+)$/.exec(text) ?? [];
  if (!whose) {
    throw new UsageError(
      `--namespace ${text} is malformed`,
      "It is written net=host, net=new, net=SANDBOX, net=PID or net=/PATH.",
    );
  }
  const choice = whose === "new" || whose === "host" ? whose : { join: whose };
  return [oneOf("namespace", namespaceTypes, type), choice];
}

/** `boottime=86400`, `monotonic=-1.5`: nanoseconds are counted up from the second below. */
function parseOffset(text: string): [string, { secs: number; nanosecs: number }] {
  const [, clock = "", sign = "", whole = "", fraction = ""] =
    /^([a-z]+)=(-?)(\d{1,12})(?:\.(\d{1,9}))?$/.exec(text) ?? [];
  if (!whole) {
    throw new UsageError(
      `--time-offset ${text} is malformed`,
      "It is written boottime=86400 or monotonic=-1.5.",
    );
  }
  const nanosecs = Number(fraction.padEnd(9, "0"));
  const below = sign && nanosecs > 0;
  const secs = (sign ? -Number(whole) : Number(whole)) - (below ? 1 : 0);
  return [
    oneOf("time-offset", clocks, clock),
    { secs, nanosecs: below ? 1_000_000_000 - nanosecs : nanosecs },
  ];
}

function oneOf<const T extends string>(option: string, known: readonly T[], text: string): T {
  const found = known.find((word) => word === text);
  if (found !== undefined) return found;
  throw new UsageError(`--${option} ${text} is unknown`, `There are ${known.join(", ")}.`);
}
