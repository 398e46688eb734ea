import { seenAt, visibleMounts } from "../../kernel/hostPaths.ts";
import {
  type Check,
  type IsolationFacts,
  listed,
  sharesWithHost,
  type Verdict,
  whenKnown,
} from "./facts.ts";

/** Who may talk to one of these may do what its daemon does as root. */
const rootsDaemons =
  /(docker|containerd|podman|crio|buildkitd|libvirt-sock|system_bus_socket|systemd\/private)/;

export const socketChecks: readonly Check[] = [
  {
    name: "network",
    source: "net/dev",
    judge: (facts) =>
      whenKnown(facts.interfaces, (names): Verdict => {
        const outside = names.filter((name) => name !== "lo");
        if (sharesWithHost(facts, "net")) {
          return {
            level: "open",
            fact: `the host's: ${listed(names)}`,
            matters: "It reaches what this machine reaches, and its services on localhost.",
            remedy: "--network none",
          };
        }
        if (outside.length === 0) return { level: "closed", fact: "loopback only" };
        return {
          level: "partly",
          fact: listed(outside),
          matters: "What lies beyond is up to routes and firewall.",
        };
      }),
  },
  {
    name: "abstract sockets",
    source: "net/unix",
    judge: (facts) => whenKnown(facts.sockets, (names) => judgeAbstract(facts, names)),
  },
  {
    name: "socket files",
    source: "/proc/self/net/unix",
    judge: (facts) => judgeSocketFiles(facts),
  },
];

/** They have no owner and no mode, and belong to the network namespace: unix(7), CVE-2020-15257. */
function judgeAbstract(facts: IsolationFacts, sockets: readonly string[]): Verdict {
  if (!sharesWithHost(facts, "net")) return { level: "closed", fact: "its own network's only" };
  if (facts.asked?.landlock?.scopes?.includes("abstract-sockets")) {
    return {
      level: "closed",
      fact: "the host's, closed by Landlock",
      source: "the sandbox's spec",
    };
  }
  const names = sockets.filter((name) => name.startsWith("@"));
  return {
    level: names.length > 0 ? "open" : "partly",
    fact: names.length > 0 ? `the host's: ${listed(names)}` : "the host's; nobody listens now",
    matters: "They have no owner and no mode: whoever shares the network may connect.",
    remedy: "--network none, or Landlock's scope abstract-sockets",
  };
}

/** A read-only mount does not stop connect(2): only a socket's owner and mode do. */
function judgeSocketFiles(facts: IsolationFacts): Verdict {
  return whenKnown(facts.mounts, (mounts) =>
    whenKnown(facts.hostSockets, (sockets) => {
      const host = visibleMounts(facts.hostMounts);
      const seen = sockets
        .filter((name) => name.startsWith("/"))
        .flatMap((path) => seenAt(path, host, mounts) ?? []);
      if (seen.length === 0) return { level: "closed", fact: "none of the host's is in its files" };
      const daemon = seen.some((path) => rootsDaemons.test(path));
      return {
        level: daemon ? "open" : "partly",
        fact: listed(seen),
        matters: daemon
          ? "Who may connect to a daemon of root's can have it do anything."
          : "A read-only mount does not stop connect(2); owner and mode decide.",
        remedy: "do not mount the directory that holds it",
      };
    }),
  );
}
