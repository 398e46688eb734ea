import { readFileSync } from "node:fs";
import { TerrariumError } from "../protocol/errors.ts";
import { readRoutes } from "./subnet.ts";

/**
 * The devices that lead out. That this host forwards is for its administrator to decide, as it does so for everybody
 * who can reach it: it is asked for, and never switched on. Throws networkFailed.
 */
export function findUplinks(): readonly string[] {
  const leading = readRoutes().flatMap(({ dst, dev }) => (dst === "default" && dev ? [dev] : []));
  const uplinks = [...new Set(leading)];
  const closed = uplinks.find((device) => !forwards(device));
  if (uplinks.length === 0) throw noWayOut("this host has no default route");
  if (closed === undefined) return uplinks;
  throw noWayOut(
    `this host forwards nothing that comes from ${closed}: sysctl net.ipv4.ip_forward=1 lets it`,
  );
}

function forwards(device: string): boolean {
  const file = `/proc/sys/net/ipv4/conf/${device}/forwarding`;
  return readFileSync(file, "utf8").trim() === "1";
}

function noWayOut(answer: string): TerrariumError {
  return new TerrariumError("networkFailed", { what: "find a way out", answer });
}
