import { mountOf } from "../../kernel/hostPaths.ts";
import { holds } from "./capabilities.ts";
import { type Check, sharesWithHost, whenKnown } from "./facts.ts";

/** What Linux has no namespace for. */
export const kernelChecks: readonly Check[] = [
  {
    name: "kernel",
    source: "/proc/sys/kernel/osrelease",
    judge: ({ release }) => ({
      level: "partly",
      fact: `one for all: Linux ${release}`,
      matters: "A hole in it is a hole in every container and sandbox.",
      remedy: "a virtual machine, for code that you believe to be hostile",
    }),
  },
  {
    name: "wall clock",
    source: "status",
    judge: (facts) =>
      whenKnown(facts.status, ({ capabilities }) => {
        const own = sharesWithHost(facts, "user") === false;
        if (own || !holds(capabilities.permitted, "SYS_TIME")) {
          return { level: "closed", fact: "one for all; it cannot set it" };
        }
        return {
          level: "open",
          fact: "one for all, and it may set it: CAP_SYS_TIME",
          matters: "A time namespace has the other clocks only.",
          remedy: "--cap-drop SYS_TIME",
        };
      }),
  },
  {
    name: "keyrings",
    source: "ns/user",
    // Since Linux 5.3 a user's keyrings are found through the user namespace; keys have no namespace else.
    judge: (facts) =>
      whenKnown(facts.namespaces, () =>
        sharesWithHost(facts, "user")
          ? {
              level: "partly",
              fact: "those of its uid on the host",
              matters: "Keys that a user keeps in the kernel are there for each of its processes.",
              remedy: "--namespace user=new",
            }
          : { level: "closed", fact: "its user namespace's; a session's goes with its processes" },
      ),
  },
  {
    name: "machine figures",
    source: "mountinfo",
    judge: ({ mounts }) =>
      whenKnown(mounts, (all) => {
        const shown = figures.filter((path) => mountOf(path, all)?.fileSystem !== "fuse.lxcfs");
        if (shown.length === 0) return { level: "closed", fact: "its own, by lxcfs" };
        return {
          level: "partly",
          fact: `the host's ${shown.join(", ")}`,
          matters: "free, top and nproc count the whole machine, not its limits.",
          remedy: "--lxcfs, where lxcfs runs",
        };
      }),
  },
];

const figures = ["/proc/meminfo", "/proc/stat", "/proc/cpuinfo"];
