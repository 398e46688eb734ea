import { readUsers } from "../kernel/identity.ts";
import { type Audit, noAudit } from "./audit.ts";
import type { Asker } from "./identity/identity.ts";
import { openRegistry, type Registry } from "./registry.ts";

/** What every operation on sandboxes needs: where they are written down, who asks, and where changes are told. */
export interface SandboxHost {
  readonly registry: Registry;
  readonly asker: Asker;
  readonly audit: Audit;
}

/** The asker is whom the kernel says that the helper runs as. For others root's helper has gates (server/gate). */
export function openSandboxHost(audit: Audit = noAudit): SandboxHost {
  return { registry: openRegistry(), asker: readAsker(), audit };
}

function readAsker(): Asker {
  const uid = process.getuid?.() ?? 0;
  const gid = process.getgid?.() ?? 0;
  const entry = readUsers().get(uid);
  return {
    uid,
    gid,
    name: entry?.name ?? `${uid}`,
    home: entry?.home ?? "/",
    shell: entry?.shell ?? "/bin/sh",
  };
}
