import { systemSocket } from "../protocol/helperSockets.ts";
import { socketUnit, starterPath } from "./places.ts";

/** systemd.socket(5): for everybody; the helper itself asks the kernel who has come, and polkit what they may. */
export const socketText = `[Unit]
Description=Root helper of Terrarium (socket)

[Socket]
ListenStream=${systemSocket}
SocketMode=0666
DirectoryMode=0711
RemoveOnStop=yes

[Install]
WantedBy=sockets.target
`;

/**
 * Left out, because what a process may not do its children may not either, and children of the helper become what
 * they enter, which may be anything on this machine:
 *
 * - NoNewPrivileges, and with it SystemCallFilter, SystemCallArchitectures, RestrictNamespaces, RestrictAddressFamilies,
 *   LockPersonality, MemoryDenyWriteExecute (the runtime compiles code, too), RestrictRealtime, RestrictSUIDSGID,
 *   ProtectClock, ProtectHostname, ProtectKernelLogs (which is where the helper learns who ran out of memory): sudo in a
 *   container that one has entered would be none.
 * - CapabilityBoundingSet: who enters a process has exactly its capabilities, whichever they are.
 * - ProtectSystem, ProtectHome, ProtectProc, PrivateTmp, PrivateDevices, PrivateNetwork, PrivateUsers, ReadOnlyPaths,
 *   ProtectKernelTunables, ProtectKernelModules, ProtectControlGroups: namespaces of its own. The helper shows the
 *   machine's, makes sandboxes of what is mounted there and writes cgroups.
 * - IPAddressDeny, DevicePolicy: who enters a process without its cgroup stays in the service's.
 * - Limits of memory or processes: what ends the helper at its limit ends a user's view of who is at theirs.
 */
export function serviceText(version: string): string {
  return `[Unit]
Description=Root helper of Terrarium
Requires=${socketUnit}
After=${socketUnit} dbus.socket polkit.service

[Service]
Type=exec
ExecStart=${starterPath(version)} --systemd
# What was entered goes on when the helper has ended; sandboxes are in units of their own.
KillMode=process
TimeoutStopSec=5
KeyringMode=private
UMask=0022
`;
}
