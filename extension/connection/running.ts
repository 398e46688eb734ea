import type { Connection } from "../../helper/protocol/client.ts";
import type { HelperFacts } from "../../helper/protocol/methods.ts";
import type { Carrier } from "./carrier.ts";
import type { Choice } from "./choice.ts";

/** A helper that has answered. */
export interface Running {
  readonly carrier: Carrier;
  readonly connection: Connection;
  readonly facts: HelperFacts;
  readonly choice: Choice;
  readonly sinceMs: number;
}

export function end({ carrier, connection }: Pick<Running, "carrier" | "connection">): void {
  connection.dispose();
  carrier.end();
}
