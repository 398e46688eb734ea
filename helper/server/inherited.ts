import { TerrariumError } from "../protocol/errors.ts";

/** sd_listen_fds(3): the first descriptor that a process started by systemd has beside its standard ones. */
const firstInherited = 3;

/** The one socket that systemd handed to this very process; what it starts is not told of it. */
export function inheritedSocket(): number {
  const { LISTEN_PID: pid, LISTEN_FDS: count } = process.env;
  for (const name of ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"]) delete process.env[name];
  if (pid === `${process.pid}` && count === "1") return firstInherited;
  throw new TerrariumError("invalidRequest", {
    reason:
      "helper --systemd takes the socket of a systemd unit, one and no more; without systemd: helper --socket PATH.",
  });
}
