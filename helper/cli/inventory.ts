import { type HostFacts, type TableName, tableKeys } from "../protocol/hostTables.ts";
import type { HelperClient, ParameterInput } from "../protocol/methods.ts";
import { tableOf } from "../protocol/tableChanges.ts";
import type { TableSet } from "../protocol/tableIndexes.ts";

/** What the helper sees now; tables that were not asked for are empty. */
export interface HostInventory extends TableSet {
  readonly host: HostFacts;
}

export async function readInventory(
  connection: HelperClient,
  tables: readonly TableName[],
  query: Omit<ParameterInput<"inventory/read">, "tables"> = {},
): Promise<HostInventory> {
  const parameters = { tables: [...tables], ...query };
  const { host, ...rows } = await connection.request("inventory/read", parameters);
  return {
    host,
    processes: tableOf(rows.processes ?? [], tableKeys.processes),
    namespaces: tableOf(rows.namespaces ?? [], tableKeys.namespaces),
    cgroups: tableOf(rows.cgroups ?? [], tableKeys.cgroups),
    containers: tableOf(rows.containers ?? [], tableKeys.containers),
  };
}
