import { sandboxIdOf } from "../../../limits/places.ts";
import type { Engine } from "../engine.ts";

/** Our own sandboxes. Most are known by the registry (registered.ts); others' by the cgroup that we make. */
export const terrarium: Engine = {
  name: "terrarium",
  inCgroup: (name, above) => {
    const id = sandboxIdOf(above.at(-1) ?? "", name);
    return id === undefined ? undefined : { engine: "terrarium", id };
  },
};
