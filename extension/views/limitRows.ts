import type { LimitReading } from "../../helper/protocol/inventory.ts";
import { isTelling, limitFacts } from "../../helper/protocol/limits.ts";
import { facts } from "../../helper/protocol/words.ts";
import type { Row } from "./row.ts";
import { cpuWords, fileName, limitOf, limitWords } from "./words.ts";

/** The group "Limits" of a sandbox or container: what bounds it, and the files that say so. */
export function limitsRow(parentId: string, all: readonly LimitReading[]): Row {
  const limits = all.filter(isTelling);
  const id = `${parentId}/limits`;
  const memory = limits.find(({ limit }) => limit === "memoryBytes");
  const pids = limitOf(limits, "pidsMax");
  const cpu = cpuWords(limits);
  const summary = facts(
    cpu && `cpu ${cpu}`,
    memory?.value === undefined ? undefined : `memory ${limitWords(memory)}`,
    pids === undefined ? undefined : `pids ${pids}`,
  );
  const row: Row = {
    id,
    label: "Limits",
    description: summary || "none set",
    icon: { codicon: "dashboard" },
    tokens: ["group"],
    isDetail: true,
    subject: { kind: "group" },
    spoken: `Limits: ${summary || "none set"}`,
    card: () => ({
      title: "Limits",
      lesson: "Bounds that the kernel keeps for its cgroup. Each is a file.",
      facts: limits.map((reading) => [reading.file, limitWords(reading)]),
    }),
  };
  if (limits.length === 0) return row;
  return { ...row, children: () => limits.map((reading) => limitRow(id, reading)) };
}

function limitRow(parentId: string, reading: LimitReading): Row {
  const { label, help } = limitFacts[reading.limit];
  const words = limitWords(reading);
  return {
    id: `${parentId}/${reading.limit}`,
    label,
    description: facts(words, fileName(reading.file)),
    icon: { codicon: "symbol-ruler" },
    tokens: ["limit"],
    subject: { kind: "file", path: reading.file },
    spoken: `${label}: ${words}`,
    card: () => ({
      title: label,
      facts: [
        ["value", words],
        ["meaning", help],
        ["file", reading.file],
      ],
    }),
  };
}
