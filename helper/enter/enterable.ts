import { readStat } from "../kernel/procfs.ts";
import type { ProcessStat } from "../kernel/proctext.ts";
import { TerrariumError } from "../protocol/errors.ts";

/** include/linux/sched.h */
const PF_KTHREAD = 0x00200000;

/** What is not there to be entered, and why, in the order in which it is asked. */
const obstacles: readonly {
  readonly why: string;
  stands(stat: ProcessStat): boolean;
}[] = [
  {
    why: "it is Terrarium's own helper, which is where you are already",
    stands: ({ pid }) => pid === process.pid,
  },
  {
    why: "it is a thread of the kernel and has neither files nor programs of its own",
    stands: ({ flags }) => (flags & PF_KTHREAD) !== 0,
  },
  {
    why: "it has ended and only waits for its parent to take note (a zombie), so its namespaces are gone",
    stands: ({ state }) => state === "Z" || state === "X",
  },
];

/** The process that was asked for, if it can be entered; throws noSuchProcess, notEnterable. */
export function enterable(pid: number, startTimeTicks: number | undefined): ProcessStat {
  const stat = readStat(pid);
  if (!stat || (startTimeTicks !== undefined && stat.startTimeTicks !== startTimeTicks)) {
    throw new TerrariumError("noSuchProcess", { pid });
  }
  const obstacle = obstacles.find((row) => row.stands(stat));
  if (obstacle) throw new TerrariumError("notEnterable", { pid, why: obstacle.why });
  return stat;
}
