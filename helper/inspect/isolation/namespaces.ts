import type { IsolationLevel } from "../../protocol/isolation.ts";
import { type NamespaceType, namespaceTypes } from "../../protocol/namespaces.ts";
import { type Check, type IsolationFacts, listed, type Verdict, whenKnown } from "./facts.ts";

interface Sharing {
  /** Where it is the host's. */
  readonly level: IsolationLevel;
  readonly matters: string;
  readonly remedy?: string;
}

/** What a namespace that is the host's leaves open: namespaces(7). */
const sharing: Readonly<Record<NamespaceType, Sharing>> = {
  pid: {
    level: "open",
    matters: "It sees every process of this machine, and may signal those of its uid.",
    remedy: "--namespace pid=new",
  },
  mnt: {
    level: "open",
    matters: "It sees the host's own tree of files; only owner and mode protect them.",
    remedy: "--namespace mnt=new",
  },
  net: {
    level: "open",
    matters: "It reaches the network, and what listens on localhost for this machine alone.",
    remedy: "--network none",
  },
  user: {
    level: "partly",
    matters: "Its ids are the host's, and each capability counts on the whole machine.",
    remedy: "--namespace user=new",
  },
  uts: {
    level: "partly",
    matters: "It reads this machine's host name.",
    remedy: "--namespace uts=new",
  },
  ipc: {
    level: "partly",
    matters: "It reaches System V shared memory and message queues of its uid.",
    remedy: "--namespace ipc=new",
  },
  cgroup: {
    level: "partly",
    matters: "It reads the names of the host's cgroups, containers and units among them.",
    remedy: "--namespace cgroup=new",
  },
  time: {
    level: "partly",
    matters: "It sees how long this machine has been up.",
    remedy: "--time-offset boottime=SECONDS",
  },
};

export const namespaceChecks: readonly Check[] = namespaceTypes.map((type) => ({
  name: type,
  source: `ns/${type}`,
  judge: (facts) =>
    whenKnown(facts.namespaces, (links) => judgeNamespace(facts, type, links[type])),
}));

function judgeNamespace(facts: IsolationFacts, type: NamespaceType, inode: number): Verdict {
  if (inode === 0)
    return { level: "unknown", fact: "not known: this kernel has none, or it ended" };
  const { level, matters, remedy } = sharing[type];
  if (facts.initial.has(inode)) {
    return { level, fact: `the host's, ${inode}`, matters, remedy };
  }
  const others = facts.others[type] ?? [];
  if (others.length === 0) {
    const reach = facts.deniedProcesses === 0 ? "" : ", as far as may be read";
    return { level: "closed", fact: `its own, ${inode}${reach}` };
  }
  const names = others.map(({ pid, command }) => `${pid} ${command}`);
  return {
    level: "partly",
    fact: `${inode}, shared with ${listed(names)}`,
    matters: "Those processes see other files than it does, and are no part of it.",
  };
}
