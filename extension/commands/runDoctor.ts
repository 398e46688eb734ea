import type { Ctx } from "../context.ts";

/** What sandboxes need of this machine, tried now. */
export function runDoctor({ doctor }: Ctx): Promise<void> {
  return doctor.open();
}
