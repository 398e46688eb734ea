import { join } from "node:path";

/** Where the root helper is: the file hierarchy of file-hierarchy(7), and what polkit and systemd look in. */

/** Root's alone, one directory for each version. */
export const versionsDirectory = "/usr/lib/terrarium";

/** What pkexec, sudo and systemd start; it looks at all the rest first (native/starter). */
export const starterName = "terrarium-helper";

export function versionDirectory(version: string): string {
  return join(versionsDirectory, version);
}

export function starterPath(version: string): string {
  return join(versionDirectory(version), starterName);
}

export const policyFile = "/usr/share/polkit-1/actions/io.github.terrarium.policy";
export const iconFile = "/usr/share/icons/hicolor/128x128/apps/io.github.terrarium.png";
export const unitDirectory = "/usr/lib/systemd/system";
export const socketUnit = "terrarium-helper.socket";
export const serviceUnit = "terrarium-helper.service";
export const appArmorFile = "/etc/apparmor.d/io.github.terrarium";

/** Ubuntu's, since 23.10: user namespaces without a profile have no capability. */
export const appArmorSetting = "/proc/sys/kernel/apparmor_restrict_unprivileged_userns";
