import type { Claim, Engine } from "../engine.ts";

/**
 * A snap's application, in a unit of systemd's: `snap.SNAP.APP-UUID.scope`, before snapd 2.58
 * `snap.SNAP.APP.UUID.scope`, `snap.SNAP.APP.service`. Classic snaps are not confined: they have the host's mounts.
 */
export const snap: Engine = {
  name: "snap",
  inCgroup: (name) => {
    if (!name.startsWith("snap.")) return undefined;
    const [unit, suffix] = [name.replace(/\.(?:scope|service)$/, ""), name];
    if (unit === suffix) return undefined;
    return readUnit(unit);
  },
  isolates: ["mnt"],
};

const uuid = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}";
const unitName = new RegExp(`^snap\\.([^.]+)\\.(.+?)(?:[.-](${uuid}))?$`);

function readUnit(unit: string): Claim | undefined {
  const [, owner, application, run] = unitName.exec(unit) ?? [];
  if (owner === undefined || application === undefined) return undefined;
  const name = owner === application ? owner : `${owner}.${application}`;
  return { engine: "snap", id: run === undefined ? name : `${name}/${run}`, name };
}
