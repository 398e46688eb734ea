import { existsSync } from "node:fs";

/** Root runs it: never by somebody's PATH. */
const places = ["/usr/bin/busctl", "/bin/busctl"];

/** systemd's busctl(1); undefined where it is not installed. */
export function busctlPath(): string | undefined {
  return places.find(existsSync);
}
