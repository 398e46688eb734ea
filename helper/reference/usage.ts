import { type UsageFigure, usageFigures } from "../protocol/usageFigures.ts";

/** The section of docs/reference.md on what a cgroup uses. */
export function usageSection(): readonly string[] {
  const figures: readonly UsageFigure[] = Object.values(usageFigures);
  return [
    "## Figures of usage",
    "",
    "What `terrarium stats`, `terrarium top` and the panel show, where the kernel's text of it stands (below",
    "`Documentation/`), and the files of cgroup v1 and v2 that it is read from. What the kernel does not say here is",
    "left out, and shown as `-`: it is never 0. Files that change seldom are read every twentieth round where more",
    "than a hundred cgroups are watched at once.",
    "",
    "| figure | means | v1 | v2 | document |",
    "| --- | --- | --- | --- | --- |",
    ...figures.map(describeFigure),
    "",
    "### Beside other tools",
    "",
    "| tool | where it differs |",
    "| --- | --- |",
    ...differences.map(([tool, words]) => `| ${tool} | ${words} |`),
  ];
}

const differences = [
  [
    "docker stats",
    "The same: MEM USAGE is the working set, its limit the machine's memory where none is set, NET I/O and BLOCK I/O are sums since the start. It counts in 1000s for NET I/O and BLOCK I/O (`4.1kB`), we in 1024s (`4 KB`); loopback is in neither.",
  ],
  [
    "podman stats",
    "MEM USAGE is all that is charged, not the working set (on v1). CPU % is the mean since the container began where it is asked once (`--no-stream`), ours that of the last second; its CPU TIME is our sum. All in 1000s (`67.11MB` is a limit of 64 MB here).",
  ],
  [
    "systemd-cgtop, terrarium top",
    "Memory is all that is charged, not the working set, and threads count as processes, in both. On v1 systemd-cgtop reads the I/O of a scheduler that Linux no longer has, we that of the throttle and of BFQ.",
  ],
  [
    "ps, top, free",
    "They count processes: memory that several share is counted for each, page cache and the kernel's memory for none.",
  ],
] as const;

function describeFigure({ label, meaning, v1, v2, document }: UsageFigure): string {
  const file = (name: string | undefined) => (name === undefined ? "-" : `\`${name}\``);
  return `| ${label} | ${meaning} | ${file(v1)} | ${file(v2)} | ${document} |`;
}
