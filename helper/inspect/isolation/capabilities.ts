import { capabilities, capabilityNames } from "../../protocol/capabilities.ts";
import {
  type Check,
  type IsolationFacts,
  listed,
  sharesWithHost,
  type Verdict,
  whenKnown,
} from "./facts.ts";

type Capability = (typeof capabilities)[number];

/** Those that are a way to the host by themselves where they count on it, in words: capabilities(7). */
const enoughAlone: Readonly<Partial<Record<Capability, string>>> = {
  SYS_ADMIN: "mounts, and most of what root may do",
  SYS_MODULE: "loads code into the kernel",
  SYS_RAWIO: "reads and writes raw memory and ports",
  SYS_PTRACE: "reads and changes other processes",
  DAC_READ_SEARCH: "opens every file, also by handle",
  SYS_BOOT: "restarts the machine",
  SYS_TIME: "sets the clock of the machine",
  BPF: "loads programs into the kernel",
  MAC_ADMIN: "changes the rules of security modules",
  MAC_OVERRIDE: "passes the rules of security modules",
  SYSLOG: "reads the kernel's log and its addresses",
  PERFMON: "watches the whole machine",
};

/** In a namespace of its own they reach nothing of the host's, but much of the kernel's code. */
const reachesMuchCode: readonly Capability[] = ["SYS_ADMIN", "NET_ADMIN", "BPF", "PERFMON"];

/** Bit SYS_TIME of a mask. */
export function holds(mask: bigint, capability: Capability): boolean {
  return ((mask >> BigInt(capabilities.indexOf(capability))) & 1n) === 1n;
}

export const capabilityChecks: readonly Check[] = [
  {
    name: "capabilities",
    source: "status",
    judge: (facts) =>
      whenKnown(facts.status, (status) => judgePermitted(facts, status.capabilities.permitted)),
  },
  {
    name: "bounding set",
    source: "status",
    judge: (facts) =>
      whenKnown(facts.status, ({ capabilities: { bounding }, noNewPrivileges }) => {
        const fact = count(bounding);
        if (noNewPrivileges) return { level: "closed", fact: `${fact}, moot by no_new_privs` };
        if (bounding === 0n || sharesWithHost(facts, "user") === false) {
          return { level: "closed", fact };
        }
        return {
          level: "partly",
          fact,
          matters: "A set-uid program, or one with file capabilities, may get as much.",
          remedy: "no_new_privs, or --cap-drop ALL",
        };
      }),
  },
];

function judgePermitted(facts: IsolationFacts, permitted: bigint): Verdict {
  if (permitted === 0n) return { level: "closed", fact: "none" };
  const names = capabilityNames(permitted);
  const shared = sharesWithHost(facts, "user");
  if (shared === undefined) {
    return { level: "unknown", fact: `${count(permitted)}, in a user namespace that is not known` };
  }
  return shared ? onTheHost(permitted, names) : inItsOwn(permitted, names);
}

function onTheHost(permitted: bigint, names: readonly string[]): Verdict {
  const ways = Object.entries(enoughAlone).filter(([name]) => names.includes(name));
  const words = ways.map(([name, does]) => `${name} (${does})`);
  return {
    level: ways.length > 0 ? "open" : "partly",
    fact: `${count(permitted)}, counted on the whole machine${spelled(names)}`,
    matters:
      ways.length > 0
        ? `${listed(words)}.`
        : "None is a way out by itself; they count in all files, networks and ids that it has.",
    remedy: "--cap-drop ALL, or a user namespace of its own",
  };
}

function inItsOwn(permitted: bigint, names: readonly string[]): Verdict {
  const fact = `${count(permitted)}, in its own user namespace only${spelled(names)}`;
  const reaching = reachesMuchCode.filter((name) => names.includes(name));
  if (reaching.length === 0) return { level: "closed", fact };
  return {
    level: "partly",
    fact,
    matters: `${reaching.join(", ")}: much of the kernel's code, where most of its holes were.`,
    remedy: `--cap-drop ${reaching[0]}`,
  };
}

const mostSpelled = 16;

/** All of them or none: half a list hides the one that matters. */
function spelled(names: readonly string[]): string {
  return names.length > mostSpelled ? "" : `: ${names.join(" ")}`;
}

function count(mask: bigint): string {
  const names = capabilityNames(mask);
  return names.length === 0 ? "none" : `${names.length} of ${capabilities.length}`;
}
