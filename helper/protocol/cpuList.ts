/** More processors or memory nodes than any kernel is built for (NR_CPUS). */
const most = 8192;

/** The kernel's list of processors or memory nodes, `0-3,5`; undefined when it is none. */
export function parseCpuList(text: string): readonly number[] | undefined {
  const ranges = text
    .trim()
    .split(",")
    .map((part) => /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(part));
  const numbers = new Set<number>();
  for (const range of ranges) {
    if (!range) return undefined;
    const first = Number(range[1]);
    const last = Number(range[2] ?? first);
    if (first > last || last >= most) return undefined;
    for (let number = first; number <= last; number += 1) numbers.add(number);
  }
  return [...numbers].sort((a, b) => a - b);
}

export function formatCpuList(numbers: readonly number[]): string {
  const starts = numbers.filter((number) => !numbers.includes(number - 1));
  const ends = numbers.filter((number) => !numbers.includes(number + 1));
  return starts
    .map((start, place) => (start === ends[place] ? `${start}` : `${start}-${ends[place]}`))
    .join(",");
}
