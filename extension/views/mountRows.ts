import type { MountFact, MountList, SandboxDetails } from "../../helper/protocol/inventory.ts";
import type { MountAccess as Access } from "../../helper/protocol/panel.ts";
import { facts } from "../../helper/protocol/words.ts";
import type { Row } from "./row.ts";

/** File systems that a sandbox gets afresh; the host's files are never on the others. */
const kernelFileSystems = new Set(["tmpfs", "proc", "sysfs", "devpts", "mqueue"]);

const icons: Readonly<Record<Access, string>> = {
  writable: "edit",
  "read-only": "lock",
  private: "circle-outline",
  device: "plug",
};

/** What it can do to the host stands first, what hides the host's last. */
const accessOrder: readonly Access[] = ["writable", "read-only", "private", "device"];

/** The group "Mounts" of a sandbox or container: what it can change first, then by path. */
export function mountsRow(
  parentId: string,
  list: MountList,
  accessOfMount: (mount: MountFact) => Access,
): Row {
  const id = `${parentId}/mounts`;
  const mounts = list.mounts.map((mount) => ({ mount, access: accessOfMount(mount) }));
  const count = (wanted: Access) => mounts.filter(({ access }) => access === wanted).length;
  const summary = facts(
    `${count("writable")} writable`,
    `${count("read-only")} read-only`,
    `${count("private")} private`,
    list.mountsLeftOut > 0 ? `${list.mountsLeftOut} more` : "",
  );
  return {
    id,
    label: "Mounts",
    description: summary,
    icon: { codicon: "files" },
    tokens: ["group"],
    isDetail: true,
    subject: { kind: "group" },
    spoken: `Mounts: ${summary}`,
    card: () => ({
      title: "Mounts",
      lesson: "It has its own root directory; only what is mounted there exists for it.",
      facts: [
        ["writable", "files of the host that it can change"],
        ["read-only", "files of the host that it can only read"],
        ["private", "its own, gone when it ends"],
        ["device", "a device node of the host; /dev/null hides a file of /proc"],
      ],
    }),
    children: () => {
      const rows = mounts.map(({ mount, access }, at) => ({
        rank: accessOrder.indexOf(access),
        row: mountRow(id, mount, access, at),
      }));
      return rows
        .sort((a, b) => a.rank - b.rank || (a.row.label < b.row.label ? -1 : 1))
        .map(({ row }) => row);
    },
  };
}

/**
 * Of a container whose engine we do not ask: the layers that its root is made of are its own, and a file system
 * of which only a part is mounted (`tmpfs[/work]`) was there before.
 */
export function containerAccess({ target, source, fileSystem, options }: MountFact): Access {
  if (options.split(",").includes("ro")) return "read-only";
  if (fileSystem === "devtmpfs") return "device";
  const isOwnRoot = target === "/" && fileSystem === "overlay";
  const isOwn = kernelFileSystems.has(fileSystem) && !source.endsWith("]");
  return isOwnRoot || isOwn ? "private" : "writable";
}

/** A workspace may itself lie on a tmpfs of the host: what the spec shares is never private. */
export function accessOf(
  { target, fileSystem, options }: MountFact,
  { spec }: SandboxDetails,
): Access {
  if (options.split(",").includes("ro")) return "read-only";
  if (fileSystem === "devtmpfs") return "device";
  const shared = [spec.workspace, ...spec.mounts.map((mount) => mount.target)].some(
    (path) => path !== undefined && (target === path || target.startsWith(`${path}/`)),
  );
  return shared || !kernelFileSystems.has(fileSystem) ? "writable" : "private";
}

/** Two mounts may share a target (the later one hides the earlier): the kernel's order tells them apart. */
function mountRow(parentId: string, mount: MountFact, access: Access, at: number): Row {
  return {
    id: `${parentId}/${at}:${mount.target}`,
    label: mount.target,
    description: facts(access, mount.fileSystem),
    icon: { codicon: icons[access] },
    tokens: ["mount"],
    subject: { kind: "file", path: mount.target },
    spoken: `${mount.target}, ${access}`,
    card: () => ({
      title: mount.target,
      facts: [
        ["access", access],
        ["source", mount.source],
        ["file system", mount.fileSystem],
        ["options", mount.options],
      ],
    }),
  };
}
