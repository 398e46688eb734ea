import { join } from "node:path";
import * as z from "zod/mini";
import { readCommandLine } from "../../../kernel/procfs.ts";
import type { HostProcess } from "../../../protocol/hostTables.ts";
import type { Details, Engine, EngineHost, Found, StateFile } from "../engine.ts";
import { parseJson } from "../json.ts";
import { idInScope, isLongId, optionOf } from "../words.ts";

/**
 * Docker's daemon starts containers by containerd, in its namespace `moby`. The cgroup is `/docker/ID`
 * (cgroupfs) or `docker-ID.scope` (systemd), below any --cgroup-parent.
 */
export const docker: Engine = {
  name: "docker",
  inCgroup: (name, above) => {
    const id = above.at(-1) === "docker" && isLongId(name) ? name : idInScope(name, "docker-");
    return id === undefined ? undefined : { engine: "docker", id };
  },
  readState: readConfig,
  socket: {
    paths: socketPaths,
    request: "/containers/json?limit=4096",
    events: `/events?filters=${encodeURIComponent('{"type":["container"],"event":["rename"]}')}`,
    parse: parseContainers,
  },
};

const config = z.object({
  Name: z.string(),
  Config: z.optional(z.object({ Image: z.optional(z.string()) })),
  State: z.optional(z.object({ StartedAt: z.optional(z.string()) })),
});

/**
 * config.v2.json of the daemon's own directory: who may not use the socket often may not read this either. `docker
 * rename` puts another in its place.
 */
function readConfig({ id, uid }: Found, host: EngineHost): StateFile | undefined {
  for (const root of dataRoots(host.daemons)) {
    const path = join(root, "containers", id, "config.v2.json");
    const found = parseJson(config, host.readChanging(path, uid));
    if (found) return { path, ...detailsOf(found) };
  }
  return undefined;
}

function detailsOf({ Name, Config, State }: z.output<typeof config>): Details {
  return {
    name: Name.replace(/^\//, ""),
    image: Config?.Image,
    startedAtMs: Date.parse(State?.StartedAt ?? "") || undefined,
  };
}

function dataRoots(daemons: readonly HostProcess[]): readonly string[] {
  const said = daemonOptions(daemons, "--data-root", "-g", "--graph");
  return [...new Set([...said, "/var/lib/docker"])];
}

function socketPaths(daemons: readonly HostProcess[]): readonly string[] {
  const said = daemonOptions(daemons, "-H", "--host")
    .filter((host) => host.startsWith("unix://"))
    .map((host) => host.slice("unix://".length));
  return [...new Set([...said, "/run/docker.sock"])];
}

/** What root's daemons on the host were told: at most four, whoever calls itself one. */
function daemonOptions(daemons: readonly HostProcess[], ...names: readonly string[]) {
  return daemons
    .filter(({ command }) => command === "dockerd")
    .slice(0, 4)
    .flatMap(({ pid }) => optionOf(readCommandLine(pid) ?? [], ...names) ?? []);
}

const listed = z.array(
  z.object({
    Id: z.string(),
    Names: z.optional(z.nullable(z.array(z.string()))),
    Image: z.optional(z.string()),
  }),
);

/** GET /containers/json of the Docker Engine API, all versions. A linked container has further names, with a second slash. */
function parseContainers(answer: unknown): ReadonlyMap<string, Details> {
  const parsed = z.safeParse(listed, answer);
  return new Map(
    (parsed.data ?? []).map(({ Id, Names, Image }) => {
      const own = Names?.find((name) => name.lastIndexOf("/") <= 0);
      return [Id, { name: own?.replace(/^\//, ""), image: Image }];
    }),
  );
}
