import type { HostFacts } from "../../helper/protocol/hostTables.ts";
import type { TableSet } from "../../helper/protocol/tableIndexes.ts";

/** What rows are made of. A table is never changed in place: another one is another object. */
export interface Tables extends TableSet {
  readonly host: HostFacts;
}
