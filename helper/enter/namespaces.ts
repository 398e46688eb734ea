import { namespaceLinks, readProcessLink } from "../kernel/procfs.ts";
import { TerrariumError } from "../protocol/errors.ts";
import { type NamespaceType, namespaceTypes } from "../protocol/namespaces.ts";

type Inodes = Partial<Readonly<Record<NamespaceType, number>>>;

/** The helper's own namespaces: the host's, unless the helper itself runs in a container. */
export function ownNamespaces(): Inodes {
  const links = namespaceLinks(process.pid);
  return typeof links === "object" ? links : {};
}

/** The namespaces of `pid`, or the reason why they cannot be read. */
export function targetNamespaces(pid: number): Inodes {
  const links = namespaceLinks(pid);
  if (links === "gone") throw new TerrariumError("noSuchProcess", { pid });
  if (links === "denied") throw new TerrariumError("processDenied", { pid, errno: "EACCES" });
  return links;
}

/**
 * Which namespaces to join: those asked for, or all; only those that differ from ours (the kernel refuses to
 * join the user namespace that one is in: setns(2), EINVAL). An ordinary user may join any other namespace
 * only with the user namespace that owns it, because the right to do so comes from there. With a mount
 * namespace everybody does: its programs and start-up files are the target's, so what they run as must be
 * the target, and not the host's root. A chroot without a mount namespace is entered through the one that it
 * shares with us.
 */
export function chooseNamespaces(
  pid: number,
  only: readonly NamespaceType[] | undefined,
  privileged: boolean,
): readonly NamespaceType[] {
  const own = ownNamespaces();
  const target = targetNamespaces(pid);
  const chrooted = privileged && readProcessLink(pid, "root") !== "/";
  const differing = namespaceTypes.filter(
    (type) => target[type] !== own[type] || (type === "mnt" && chrooted),
  );
  const wanted = differing.filter((type) => only === undefined || only.includes(type));
  if (wanted.length === 0) throw new TerrariumError("nothingToEnter", { pid, types: only ?? [] });
  const needsUser = !privileged || wanted.includes("mnt");
  return differing.filter((type) => wanted.includes(type) || (type === "user" && needsUser));
}
