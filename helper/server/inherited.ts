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

/**
 * pkexec(1), sudo(8). Both make the environment anew, so that one of them stands there: a second came by a sudo that
 * keeps what its caller says. Whoever else says so to a process of root's is root.
 */
const askerVariables = ["PKEXEC_UID", "SUDO_UID"];

/** For whom root's helper was started; undefined: for the user that it runs as. Throws invalidRequest. */
export function startedFor(): number | undefined {
  if (process.geteuid?.() !== 0) return undefined;
  const [name, ...others] = askerVariables.filter(
    (variable) => process.env[variable] !== undefined,
  );
  if (others.length > 0) {
    throw new TerrariumError("invalidRequest", {
      reason: `${askerVariables.join(" and ")} both say who asks: start it by one of pkexec and sudo.`,
    });
  }
  const said = name === undefined ? "0" : (process.env[name] ?? "");
  if (!/^\d{1,10}$/.test(said)) {
    throw new TerrariumError("invalidRequest", { reason: `${name} is no user id.` });
  }
  return Number(said) || undefined;
}
