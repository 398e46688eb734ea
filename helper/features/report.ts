import type { FeatureReport } from "../protocol/features.ts";
import { hostViewOwners, unprivilegedUserNamespace } from "./attempts.ts";
import {
  clonesIntoCgroup,
  devicePrograms,
  type Finding,
  hasAllNamespaces,
  hasController,
  hasFile,
  hasHierarchy,
  hasTools,
  knowsCalls,
  landlock,
  landlockScopes,
  listsWord,
  namespaceIds,
  type Probe,
  processEvents,
  subordinateIds,
  systemdAnswers,
  taskIterator,
} from "./probes.ts";

interface Feature {
  readonly name: string;
  readonly probe: Probe | (() => Promise<Finding>);
  /** What is done with it, and what without. */
  readonly path: { readonly with: string; readonly without: string };
  readonly why: string;
}

const noSandbox = "no sandbox can be made: the launcher says so and stops";

/** One row per feature. Each is tried, none is guessed from a version: kernels are patched and filtered. */
const features: readonly Feature[] = [
  {
    name: "clone3",
    probe: knowsCalls("clone3"),
    path: { with: "one clone3 makes the namespaces", without: "clone(2) makes the namespaces" },
    why: "only clone3 can put the new process into its cgroup at once",
  },
  {
    name: "CLONE_INTO_CGROUP",
    probe: clonesIntoCgroup,
    path: {
      with: "init begins in its v2 cgroup, and goes into those of v1 itself",
      without: "init goes into its cgroups itself, before its command runs",
    },
    why: "moving a process that runs makes the kernel wait for 5 to 10 ms",
  },
  {
    name: "pidfd",
    probe: knowsCalls("pidfd_open"),
    path: {
      with: "the ends of processes are read from pidfds",
      without: "SIGCHLD tells of ends, and /proc/PID holds who is entered; no --die-with-parent",
    },
    why: "a process id may be given to somebody else, a pidfd never is",
  },
  {
    name: "openat2",
    probe: knowsCalls("openat2"),
    path: {
      with: "paths inside are resolved with RESOLVE_IN_ROOT, once",
      without: "paths inside are opened component by component, with O_NOFOLLOW",
    },
    why: "no link inside the root can lead the launcher out of it",
  },
  {
    name: "close_range",
    probe: knowsCalls("close_range"),
    path: {
      with: "one call keeps every other descriptor from a command",
      without: "the list in /proc/self/fd does",
    },
    why: "a descriptor that leaks in leads out (CVE-2024-21626)",
  },
  {
    name: "new mount API",
    probe: knowsCalls("open_tree", "move_mount", "fsopen", "fsmount"),
    path: {
      with: "every mount is made detached and attached by descriptor",
      without: "mount(2) makes every mount in a private place, and moves it by descriptor",
    },
    why: "a path that is resolved twice can change in between",
  },
  {
    name: "mount_setattr",
    probe: knowsCalls("mount_setattr"),
    path: {
      with: "binds are made read-only and id-mapped before they can be seen",
      without: "binds are remounted read-only before they can be seen; nothing can be id-mapped",
    },
    why: "whether a file system can be id-mapped shows when it is tried",
  },
  {
    name: "owners in the host view",
    probe: hostViewOwners,
    path: {
      with: "a sandbox of root shows who owns a file of /etc, and opens what a stranger may",
      without: "files of the host's root look like nobody's inside; ssh and sudo may refuse them",
    },
    why: "it takes an id-mapped mount of /etc and an overlay in a user namespace, by root",
  },
  {
    name: "open_tree_attr",
    probe: knowsCalls("open_tree_attr"),
    path: { with: "not used: mount_setattr does the same", without: "mount_setattr" },
    why: "it is closed to what runs inside",
  },
  {
    name: "time namespace",
    probe: hasFile("/proc/self/ns/time"),
    path: {
      with: "a sandbox shares the host's, or has its own where its spec asks (timeOffsets)",
      without: "a spec that asks for one is refused",
    },
    why: "it changes the boot and monotonic clocks only, never the wall clock",
  },
  {
    name: "eight namespace types",
    probe: hasAllNamespaces,
    path: {
      with: "each is new, the host's or joined, as the spec says",
      without: "a spec that asks for a missing one is refused; time alone may be missing",
    },
    why: "each is an option of the kernel's configuration",
  },
  {
    name: "Landlock scopes",
    probe: landlockScopes,
    path: {
      with: "who shares the network or the processes of the host reaches none of its abstract sockets and signals none of its processes",
      without: "who shares the network or the processes of the host may reach both",
    },
    why: "no other part of the kernel closes them (CVE-2020-15257)",
  },
  {
    name: "subordinate ids",
    probe: subordinateIds,
    path: {
      with: "an ordinary user's --userns root has the ids of /etc/subuid and /etc/subgid",
      without: "an ordinary user's --userns root has one id: apt and su cannot change theirs",
    },
    why: "only newuidmap and newgidmap may map for an ordinary user what is not their own",
  },
  {
    name: "unprivileged user namespaces",
    probe: unprivilegedUserNamespace,
    path: {
      with: "an ordinary user makes sandboxes without a helper that is root",
      without: "sandboxes need a helper that runs as root",
    },
    why: "an ordinary user has the rights for the other namespaces only in a user namespace of its own",
  },
  {
    name: "seccomp filter",
    probe: listsWord("/proc/sys/kernel/seccomp/actions_avail", "errno"),
    path: { with: "every sandbox has the system-call filter", without: noSandbox },
    why: "it closes what namespaces leave open",
  },
  {
    name: "Landlock",
    probe: landlock,
    path: {
      with: "a spec's landlock rules hold in a sandbox, beside its mounts",
      without: "a spec with landlock rules is refused",
    },
    why: "a file stays closed however it is reached, also through a mount of a parent's",
  },
  {
    name: "cgroup v2",
    probe: hasHierarchy(2),
    path: { with: "a sandbox has a directory there", without: "version 1 alone" },
    why: "pressure, cgroup.kill and cgroup.freeze are there only",
  },
  {
    name: "cgroup v1",
    probe: hasHierarchy(1),
    path: { with: "a sandbox has a directory in each hierarchy", without: "version 2 alone" },
    why: "on a hybrid machine the limits live in version 1",
  },
  {
    name: "systemd",
    probe: systemdAnswers,
    path: {
      with: "a sandbox of root has its cgroups below a scope that systemd makes for it and delegates",
      without:
        "root's cgroups are made at the top of each hierarchy; where systemd is PID 1 and does not answer, root's sandboxes are refused",
    },
    why: "where it runs, it alone writes the cgroup tree; an ordinary user's part it has delegated already",
  },
  ...["cpu", "memory", "pids", "freezer"].map(
    (controller): Feature => ({
      name: `${controller} controller`,
      probe: hasController(controller),
      path: controllerPaths(controller),
      why: "a controller is in one hierarchy only",
    }),
  ),
  {
    name: "devices controller",
    probe: hasController("devices"),
    path: {
      with: "a sandbox of root opens only the devices that its cgroup's list names",
      without: "a program of BPF says the same, where the kernel has it",
    },
    why: "version 2 has no such controller",
  },
  {
    name: "BPF for devices",
    probe: devicePrograms,
    path: {
      with: "it bounds the devices of a sandbox of root, where there is no devices controller",
      without: "without a devices controller no cgroup bounds devices: nodev mounts alone do",
    },
    why: "only root may load one; an ordinary user's sandbox opens what that user may, at most",
  },
  {
    name: "nft",
    probe: hasTools("nft"),
    path: {
      with: "--network veth and nat have walls in nftables",
      without: "--network veth and nat are refused: apt-get install nftables",
    },
    why: "a link without a wall would open the host's services to the sandbox",
  },
  {
    name: "ip and tc",
    probe: hasTools("ip", "tc"),
    path: {
      with: "a sandbox can have a link, and rates of it",
      without: "--network veth and nat are refused: apt-get install iproute2",
    },
    why: "they make the link (veth) and bound what passes (tc)",
  },
  {
    name: "NS_GET_ID",
    probe: namespaceIds,
    path: {
      with: "not used yet: namespaces are known by type and inode",
      without: "namespaces are known by type and inode",
    },
    why: "an inode number may be used again, the id never",
  },
  {
    name: "listns",
    probe: knowsCalls("listns"),
    path: {
      with: "not used yet: namespaces are found by their processes",
      without: "namespaces are found by their processes, in /proc",
    },
    why: "it also knows namespaces that no process is in",
  },
  {
    name: "statmount",
    probe: knowsCalls("statmount"),
    path: { with: "not used: mounts are read from mountinfo", without: "mountinfo" },
    why: "mountinfo says the same on every kernel",
  },
  {
    name: "BPF task iterator",
    probe: taskIterator,
    path: {
      with: "a helper that stays reads all processes in one pass, in milliseconds",
      without: "processes are read from /proc, one after the other",
    },
    why: "it tells of what /proc denies, too, and of threads in other namespaces than their process's",
  },
  {
    name: "process events",
    probe: processEvents,
    path: {
      with: "views and --watch show a process within milliseconds, and cost next to nothing while none changes",
      without: "who is new is looked for once a second",
    },
    why: "the netlink connector, of a host's first user, pid and network namespaces; for root, and since Linux 6.6 for everybody",
  },
];

function controllerPaths(controller: string): Feature["path"] {
  if (controller !== "freezer") {
    return { with: "limits are set there", without: "a limit of it is refused with what it needs" };
  }
  return {
    with: "pause uses freezer.state where a sandbox has no version 2 directory",
    without: "pause uses cgroup.freeze of version 2",
  };
}

/** Every feature, asked now, one after the other. */
export async function reportFeatures(): Promise<readonly FeatureReport[]> {
  const reports: FeatureReport[] = [];
  for (const { name, probe, path, why } of features) {
    const { available, answer } = await probe();
    reports.push({ name, available, answer, path: available ? path.with : path.without, why });
  }
  return reports;
}
