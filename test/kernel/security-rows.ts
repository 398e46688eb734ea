/**
 * What went wrong in other runtimes and sandboxes, a row each: the lesson, the CVEs, and the files in which
 * tests show that it does not go wrong here. A test's name begins with its row (`row 3, CVE-2024-21626: …`);
 * test/unit/security-rows.test.ts compares. Where a row is about something that Terrarium does not have, its
 * tests show the nearest thing that is true of it.
 */
export interface SecurityRow {
  readonly lesson: string;
  /** In their order. */
  readonly cves: readonly string[];
  /** Names of files in this folder, without `.test.ts`, in their order. */
  readonly files: readonly string[];
}

/** By their number. */
export const securityRows: Readonly<Record<number, SecurityRow>> = {
  1: {
    lesson: "whoever enters is traced, or its descriptors are taken",
    cves: ["CVE-2016-9962"],
    files: ["launcher-enter", "launcher-races", "launcher-security"],
  },
  2: {
    lesson: "the runtime's own program is overwritten",
    cves: ["CVE-2019-5736"],
    files: ["launcher-sealed", "security-roots"],
  },
  3: {
    lesson: "a descriptor or the working directory leads out",
    cves: ["CVE-2024-21626"],
    files: ["enter-attacks", "launcher-enter", "security-roots"],
  },
  4: {
    lesson: "a mount's target is exchanged, or led away, while it is made",
    cves: ["CVE-2021-30465", "CVE-2024-45310"],
    files: ["launcher-races", "security-roots"],
  },
  5: {
    lesson: "/dev/null is another file when paths are masked with it",
    cves: ["CVE-2025-31133"],
    files: ["security-roots"],
  },
  6: {
    lesson: "the console is another file",
    cves: ["CVE-2025-52565"],
    files: ["security-roots"],
  },
  7: {
    lesson: "/proc is made up, or elsewhere",
    cves: [
      "CVE-2019-16884",
      "CVE-2019-19921",
      "CVE-2023-27561",
      "CVE-2023-28642",
      "CVE-2025-52881",
    ],
    files: ["cli-mistakes", "security-roots"],
  },
  8: {
    lesson: "/dev is a symbolic link",
    cves: ["CVE-2019-18837", "CVE-2026-41579", "CVE-2026-47766"],
    files: ["security-roots"],
  },
  9: {
    lesson: "an odd user id is taken for root's",
    cves: ["CVE-2026-30892"],
    files: ["security-privileges"],
  },
  10: {
    lesson: "a length overflows",
    cves: ["CVE-2021-43784"],
    files: ["security-requests"],
  },
  11: {
    lesson: "capabilities are inheritable",
    cves: ["CVE-2022-24769", "CVE-2022-27649", "CVE-2022-27650", "CVE-2022-29162"],
    files: ["launcher-security", "sandbox-privileges", "security-privileges"],
  },
  12: {
    lesson: "cgroups are writable inside",
    cves: ["CVE-2022-0492", "CVE-2023-25809"],
    files: ["security-privileges"],
  },
  13: {
    lesson: "a descriptor of cgroup.procs moves others",
    cves: ["CVE-2021-4197"],
    files: ["security-privileges"],
  },
  14: {
    lesson: "a program types into the terminal outside",
    cves: ["CVE-2017-5226", "CVE-2019-10063"],
    files: ["enter-attacks", "launcher-seccomp", "launcher-terminal"],
  },
  15: {
    lesson: "what poses as a sandbox is entered",
    cves: ["CVE-2022-31214"],
    files: ["enter-attacks", "launcher-enter", "security-targets"],
  },
  16: {
    lesson: "an argument is read by a shell",
    cves: ["CVE-2020-17368"],
    files: ["launcher-run", "security-requests"],
  },
  17: {
    lesson: "configuration beside an untrusted image is trusted",
    cves: ["CVE-2026-40226"],
    files: ["security-requests"],
  },
  18: {
    lesson: "a privileged helper keeps its privilege, or can be dumped",
    cves: ["CVE-2016-8659", "CVE-2020-5291"],
    files: ["launcher-security", "security-privileges"],
  },
  19: {
    lesson: "a path in /tmp can be foretold",
    cves: ["CVE-2019-12439"],
    files: ["rootless"],
  },
  20: {
    lesson: "the filter is passed by another ABI",
    cves: [],
    files: ["launcher-seccomp"],
  },
  21: {
    lesson: "the filter meets calls that are newer than it",
    cves: [],
    files: ["launcher-seccomp"],
  },
  22: {
    lesson: "user namespaces are made inside",
    cves: [],
    files: ["launcher-seccomp"],
  },
  23: {
    lesson: "abstract sockets are reached over a shared network",
    cves: ["CVE-2020-15257"],
    files: ["launcher-landlock"],
  },
  24: {
    lesson: "mounts propagate",
    cves: [],
    files: ["launcher-mounts", "security-surroundings"],
  },
  25: {
    lesson: "a process id is given to another process, or its process becomes somebody else",
    cves: ["CVE-2013-4288"],
    files: ["gate-clients", "gate-others", "launcher-enter", "security-targets"],
  },
  26: {
    lesson: "a privileged helper acts for the wrong user",
    cves: [],
    files: ["gate-own", "helper", "rootless", "security-requests"],
  },
  27: {
    lesson: "an empty list, or another layer, means that all is allowed",
    cves: [],
    files: ["sandbox-privileges", "security-privileges"],
  },
  28: {
    lesson: "a proxy is passed by (there is none: nothing is reached)",
    cves: [],
    files: ["security-surroundings"],
  },
  29: {
    lesson: "what is frozen is entered",
    cves: [],
    files: ["enter-attacks", "sandbox-life"],
  },
  30: {
    lesson: "something is left behind by what was killed",
    cves: [],
    files: ["helper", "launcher-cleanup", "leaks"],
  },
  31: {
    lesson: "a leaf of a tree of cgroups is entered at its root",
    cves: [],
    files: ["launcher-enter", "security-targets"],
  },
  32: {
    lesson: "the helper is kept busy, or fed too much",
    cves: [],
    files: ["inventory-hostile", "inventory-processes", "security-targets"],
  },
  33: {
    lesson: "a set-uid file comes by a mount",
    cves: ["CVE-2023-0386"],
    files: ["launcher-mounts", "launcher-security", "sandbox-privileges"],
  },
  34: {
    lesson: "an id is a path",
    cves: [],
    files: ["limits-cgroups", "security-requests"],
  },
};
