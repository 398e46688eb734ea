import { readdirSync, readFileSync } from "node:fs";

/** Processor time of all threads of a process: the first figure of schedstat is nanoseconds (sched-stats.rst). */
export function processorMs(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  const spent = (thread: string) =>
    Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]);
  return threads.reduce((sum, thread) => sum + spent(thread), 0) / 1e6;
}
