import { copyResourceLimits } from "../../kernel/resourceLimits.ts";
import { type Delegation, delegateTo } from "../../limits/delegation.ts";
import type { Client } from "../client.ts";

/** Before an agent is the asker's: what bounds who asks bounds it, and what root can delegate is below it. */
export function placeAgent(client: Client, pid: number): Promise<Delegation> {
  copyResourceLimits(client.pid, pid);
  return delegateTo(client, pid);
}
