import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readMountinfo } from "../../helper/kernel/procfs.ts";

/** What a sandbox is made of in the kernel's memory: a leak there shows in no list of processes or mounts. */
const slabs = ["net_namespace", "pid_namespace", "user_namespace", "mnt_cache"] as const;

export type KernelObjects = Readonly<Record<string, number>>;

/** Objects by kind, of the whole machine; a kernel that merges slabs does not count all kinds. */
export function countKernelObjects(): KernelObjects {
  for (const slab of slabs) shrink(slab);
  const lines = readFileSync("/proc/slabinfo", "utf8").split("\n");
  const counted = lines.flatMap((line): [string, number][] => {
    const [name = "", active] = line.split(/\s+/);
    return slabs.some((slab) => slab === name) ? [[name, Number(active)]] : [];
  });
  return Object.fromEntries([...counted, ["dying cgroups", dyingCgroups()]]);
}

/** Free objects in a processor's own slabs count as active until these are given back. */
function shrink(slab: string): void {
  const file = `/sys/kernel/slab/${slab}/shrink`;
  if (existsSync(file)) writeFileSync(file, "1");
}

/** Removed, but kept by something that is still charged to them (cgroup-v2.rst, cgroup.stat). */
function dyingCgroups(): number {
  const mount = (readMountinfo("self") ?? []).find(({ fileSystem }) => fileSystem === "cgroup2");
  if (!mount) return 0;
  const stat = readFileSync(join(mount.mountPoint, "cgroup.stat"), "utf8");
  return Number(/^nr_dying_descendants (\d+)/m.exec(stat)?.[1] ?? 0);
}

/** Kinds of which there are `allowance` more than before, with the numbers. */
export function grown(before: KernelObjects, allowance: number): readonly string[] {
  return Object.entries(countKernelObjects())
    .filter(([kind, count]) => count > (before[kind] ?? 0) + allowance)
    .map(([kind, count]) => `${kind}: ${before[kind] ?? 0} -> ${count}`);
}
