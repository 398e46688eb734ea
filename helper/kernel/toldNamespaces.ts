import { type NamespaceType, namespaceTypes } from "../protocol/namespaces.ts";
import type { ByInode } from "./byInode.ts";
import { aboveRecord, recordedNamespaces, setRecord, word } from "./recordLayout.ts";
import type { Lineage } from "./taskTable.ts";

type Told = ByInode<Lineage>;

/** What the iterator tells of the namespaces of a set, each once in a reading. */
export function takeTold(words: Uint32Array, at: number, told: Told): void {
  for (const type of namespaceTypes) {
    const place = recordedNamespaces[type];
    const inode = word(words, at + setRecord.namespaces + 4 * place);
    if (inode === 0 || told.has(inode)) continue;
    put(told, inode, type, {
      above: word(words, at + setRecord.owners + 4 * place),
      parent: word(words, at + setRecord.parent),
      ownerUid: word(words, at + setRecord.ownerUid),
      id: idAt(words, at + setRecord.ids + 8 * place),
    });
  }
}

/** Of those that are above them. */
export function takeAbove(words: Uint32Array, at: number, told: Told): void {
  const inode = word(words, at + aboveRecord.inode);
  const isUser = word(words, at + aboveRecord.type) === recordedNamespaces.user;
  put(told, inode, isUser ? "user" : "pid", {
    above: word(words, at + aboveRecord.owner),
    parent: word(words, at + aboveRecord.parent),
    ownerUid: word(words, at + aboveRecord.ownerUid),
    id: idAt(words, at + aboveRecord.id),
  });
}

interface Words {
  /** Its owner; of a user namespace its parent. */
  readonly above: number;
  /** Of a pid namespace. */
  readonly parent: number;
  /** Of a user namespace. */
  readonly ownerUid: number;
  readonly id: string | undefined;
}

/** include/uapi/linux/nsfs.h, USER_NS_INIT_INO: it alone has nothing above it, and of others that is not known. */
const firstUserNamespace = 0xeffffffd;

function put(told: Told, inode: number, type: NamespaceType, words: Words): void {
  const { above, parent, ownerUid, id } = words;
  if (above === 0 && inode !== firstUserNamespace) return;
  told.set(
    inode,
    type === "user"
      ? { id, parent: above || undefined, owner: undefined, ownerUid }
      : { id, parent: parentOf(type, parent), owner: above, ownerUid: undefined },
  );
}

function parentOf(type: NamespaceType, parent: number): number | undefined {
  return type === "pid" && parent !== 0 ? parent : undefined;
}

/** Undefined where the kernel has none. */
function idAt(words: Uint32Array, at: number): string | undefined {
  const [low, high] = [word(words, at), word(words, at + 4)];
  if (high === 0) return low === 0 ? undefined : `${low}`;
  return `${(BigInt(high) << 32n) | BigInt(low)}`;
}
