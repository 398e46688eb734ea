import { existsSync } from "node:fs";
import { amiss, type Check, fine } from "./check.ts";

const path = "/sys/kernel/btf/vmlinux";

/** A BPF program that reads all processes in one pass needs the kernel's own types (BTF), and CAP_BPF. */
export const processReader: Check = {
  name: "reading processes",
  examine: ({ asker }) => {
    const tried = `${path}, and CAP_BPF`;
    if (!existsSync(path)) return slow(tried, "this kernel has no BTF");
    if (asker.uid !== 0) return slow(tried, "an ordinary user has not CAP_BPF");
    return fine(tried, "both are there: all in one pass, by a BPF program");
  },
};

function slow(tried: string, answer: string) {
  return amiss("lacking", tried, answer, "Processes are read from /proc, ten times slower.");
}
