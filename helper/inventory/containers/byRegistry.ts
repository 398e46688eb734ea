import type { HostProcess } from "../../protocol/hostTables.ts";
import type { Draft } from "./draft.ts";
import { terrarium } from "./engines/terrarium.ts";
import type { Host } from "./facts.ts";

/**
 * Our own sandboxes by a namespace of theirs: that of processes, or of mounts where it has no such. What is known
 * by its cgroup gets its name here.
 */
export function draftsByRegistry(
  host: Host,
  byCgroup: ReadonlyMap<string, Draft>,
  leaders: ReadonlyMap<number, HostProcess>,
): readonly Draft[] {
  const drafts = new Map([...byCgroup.values()].map((draft) => [draft.claim.id, draft]));
  return host.facts.sandboxes.flatMap(({ id, name, createdAtMs, namespaces }) => {
    const known = drafts.get(id);
    const link = known?.engine === terrarium ? known : undefined;
    const topmost = link?.topmost ?? leaders.get(namespaces.pid ?? 0);
    if (!topmost) return [];
    const claim = { engine: "terrarium", id, name, startedAtMs: createdAtMs } as const;
    const evidence = [{ source: "registry", detail: name } as const, ...(link?.evidence ?? [])];
    return [{ ...link, claim, engine: terrarium, topmost, user: link?.user, evidence }];
  });
}
