import type { Known } from "../../kernel/known.ts";
import type { ComparisonGroup } from "../../protocol/comparison.ts";

/** What is compared: each thing's name, and how one process has it. */
export type FactTable = ReadonlyMap<string, string>;

/** All of one process, read once; each group may be one that the kernel does not tell. */
export type ComparedFacts = Readonly<Record<ComparisonGroup, Known<FactTable>>>;
