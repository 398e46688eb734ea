import { KernelError } from "./errors.ts";
import { listns, openNamespaceById } from "./libc.ts";

/** The calls of Linux 6.19 by which a kernel tells of its namespaces itself. */
export interface NamespaceCalls {
  readonly listns: (request: Buffer, ids: Buffer) => number;
  readonly openById: (id: bigint) => number;
}

const calls: NamespaceCalls = { listns, openById: (id) => openNamespaceById(id) };

/** struct ns_id_req, include/uapi/linux/nsfs.h: every type, of every owner. */
const requestBytes = 32;
const idsOfPage = 1_024;
/** Far more than any host has: an end, whatever the kernel answers. */
const mostPages = 1_024;

export interface NamespaceList {
  readonly ids: readonly bigint[];
  /** The caller closes it. Throws KernelError. */
  open(id: bigint): number;
}

let isAbsent = false;

/**
 * The ids of all namespaces that something keeps alive, whoever that is. Undefined where this kernel cannot tell, or
 * does not tell us; one that does not know the call is asked once.
 */
export function listNamespaces(kernel = calls): NamespaceList | undefined {
  if (isAbsent && kernel === calls) return undefined;
  try {
    return { ids: readPages(kernel), open: kernel.openById };
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    if (kernel === calls) isAbsent = error.errno === "ENOSYS";
    return undefined;
  }
}

/** Each page begins after the last id of the one before. */
function readPages(kernel: NamespaceCalls): readonly bigint[] {
  const ids: bigint[] = [];
  const request = Buffer.alloc(requestBytes);
  request.writeUInt32LE(requestBytes);
  const page = Buffer.alloc(idsOfPage * 8);
  for (let pages = 0; pages < mostPages; pages += 1) {
    const count = kernel.listns(request, page);
    for (let at = 0; at < count; at += 1) ids.push(page.readBigUInt64LE(at * 8));
    if (count < idsOfPage) break;
    request.writeBigUInt64LE(ids.at(-1) ?? 0n, 8);
  }
  return ids;
}
