import type { MountFact } from "../../helper/protocol/inventory.ts";
import type { Row } from "./row.ts";
import { facts } from "./words.ts";

/** The group "Mounts" of a sandbox: its tree of files, in the kernel's order. */
export function mountsRow(parentId: string, mounts: readonly MountFact[]): Row {
  const id = `${parentId}/mounts`;
  const readOnly = mounts.filter(isReadOnly).length;
  const summary = facts(`${mounts.length - readOnly} writable`, `${readOnly} read-only`);
  return {
    id,
    label: "Mounts",
    description: summary,
    icon: { codicon: "files" },
    tokens: ["group"],
    subject: { kind: "group" },
    spoken: `Mounts: ${summary}`,
    card: () => ({
      title: "Mounts",
      lesson: "The sandbox has its own root directory; only what is mounted there exists for it.",
      facts: [],
    }),
    children: () => mounts.map((mount, at) => mountRow(id, mount, at)),
  };
}

/** Two mounts may share a target (the later one hides the earlier): the place in the list tells them apart. */
function mountRow(parentId: string, mount: MountFact, at: number): Row {
  const access = isReadOnly(mount) ? "read-only" : "writable";
  return {
    id: `${parentId}/${at}:${mount.target}`,
    label: mount.target,
    description: facts(access, mount.fileSystem),
    icon: { codicon: isReadOnly(mount) ? "lock" : "edit" },
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

function isReadOnly({ options }: MountFact): boolean {
  return options.split(",").includes("ro");
}
