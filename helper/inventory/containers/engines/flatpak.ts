import type { Engine } from "../engine.ts";

/** Flatpak's bubblewrap, in a scope of the user's systemd: `app-flatpak-APPLICATION-INSTANCE.scope`, without `app-` before 1.13. */
export const flatpak: Engine = {
  name: "flatpak",
  inCgroup: (name) => {
    const parts = /^(?:app-)?flatpak-(.+)-(\d+)\.scope$/.exec(name);
    const [, application, instance] = parts ?? [];
    if (application === undefined || instance === undefined) return undefined;
    return { engine: "flatpak", id: `${application}/${instance}`, name: application };
  },
  isolates: ["pid", "mnt"],
};
