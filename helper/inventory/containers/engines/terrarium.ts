import { parentName } from "../../../limits/places.ts";
import type { Engine } from "../engine.ts";

/** Our own sandboxes. Most are known by the registry (registered.ts); others' by the cgroup that we make. */
export const terrarium: Engine = {
  name: "terrarium",
  inCgroup: (name, above) =>
    above.at(-1) === parentName && /^[0-9a-f]{12}$/.test(name)
      ? { engine: "terrarium", id: name }
      : undefined,
};
