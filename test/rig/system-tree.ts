import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { cache, makeTemporaryFolder } from "./cache.ts";
import { type Architecture, architectures, release } from "./machine-kernel.ts";
import { withProgress } from "./progress.mjs";
import { runQuietly } from "./quiet-command.mjs";

/** A small Debian with systemd, as a tar archive; made once, by mmdebstrap, into the cache. */

/** What the tests of kernel/, the delegation of cgroups to users and the root helper need. */
const packages = [
  ...["systemd", "systemd-sysv", "dbus", "dbus-user-session", "libpam-systemd"],
  ...["e2fsprogs", "iproute2", "kmod", "mount", "nftables", "openssh-client", "passwd", "procps"],
  ...["busybox-static", "uidmap", "util-linux"],
  ...["polkitd", "pkexec", "sudo"],
];

/** Nobody reads there: a third of all files, which are unpacked at each boot. */
const unread = ["doc", "info", "locale", "man"].map(
  (name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`,
);

/** An ordinary user whose systemd runs without a login: loginctl(1), enable-linger. */
export const lingerer = { name: "user", id: 1000 } as const;

/**
 * Run in the new tree. A machine id of its own makes it no first boot, which would enable everything anew;
 * a login prompt would write between the script's lines. Debian delegates cpu, memory and pids to users.
 */
const settings = `
  echo 0123456789abcdef0123456789abcdef > /etc/machine-id
  useradd --create-home --uid ${lingerer.id} --shell /bin/bash ${lingerer.name}
  mkdir -p /var/lib/systemd/linger && touch /var/lib/systemd/linger/${lingerer.name}
  mkdir -p /etc/systemd/system/user@.service.d
  printf '[Service]\\nDelegate=cpu cpuset io memory pids\\n' > /etc/systemd/system/user@.service.d/delegate.conf
  systemctl --quiet mask getty.target apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer
`;

/** Path of the archive. */
export async function installSystemTree(architecture: Architecture): Promise<string> {
  const { debian } = architectures[architecture];
  const recipe = createHash("sha256")
    .update([...packages, ...unread].join(" "))
    .update(settings);
  const home = join(cache, `system-${release}-${debian}-${recipe.digest("hex").slice(0, 8)}.tar`);
  if (!existsSync(home)) {
    await withProgress(`Making a Debian with systemd for ${architecture}`, () =>
      makeTree(debian, home),
    );
  }
  return home;
}

/** Made beside its place and renamed: an archive of that name is always a finished one. */
async function makeTree(debian: string, home: string): Promise<void> {
  const partial = await makeTemporaryFolder("system");
  try {
    const archive = join(partial, "tree.tar");
    const hook = `--customize-hook=chroot "$1" sh -e -c '${settings.replaceAll("'", "'\\''")}'`;
    const options = ["--quiet", "--variant=minbase", `--architectures=${debian}`, ...unread, hook];
    await runQuietly(["mmdebstrap", ...options, `--include=${packages.join()}`, release, archive]);
    await rename(archive, home);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}
