import { hasLandlockScopes } from "../kernel/landlock.ts";
import { TerrariumError } from "../protocol/errors.ts";
import { type NamespaceType, namespaceTypes } from "../protocol/namespaces.ts";
import type { SandboxSpec } from "../protocol/schemas.ts";
import {
  isNew,
  joinedTarget,
  type NamespaceChoices,
  namespaceChoice,
} from "../protocol/sharing.ts";
import { checkLink } from "./checkLink.ts";
import type { Asker } from "./identity/identity.ts";

/**
 * What a spec's words mean for its namespaces, each said once in the answer: `network` and `timeOffsets` are
 * words for a type; some types are joined with the user namespace that owns them; and what is shared is closed
 * by Landlock as far as it can be. Throws invalidRequest for what makes no sense together.
 */
export function settleSharing(spec: SandboxSpec, asker: Asker): SandboxSpec {
  checkLink(spec, asker);
  if (Object.keys(spec.namespaces).length === 0 && !spec.network && !spec.timeOffsets) return spec;
  const named = { ...spec.namespaces, ...fromNetwork(spec), ...fromClocks(spec) };
  const namespaces = { ...named, ...ownerOfJoined(named, asker) };
  const settled = { ...spec, namespaces, landlock: closeScopes(spec, namespaces) };
  for (const { when, because } of clashes) if (when(settled, asker)) throw refused(because);
  return settled;
}

function fromNetwork({ network, namespaces }: SandboxSpec): NamespaceChoices {
  if (!network) return {};
  const net = network.mode === "host" ? "host" : "new";
  if (namespaces.net !== undefined && namespaces.net !== net) {
    throw refused("network.mode and namespaces.net say different things: leave one of them out.");
  }
  return { net };
}

function fromClocks({ timeOffsets, namespaces }: SandboxSpec): NamespaceChoices {
  if (!timeOffsets) return {};
  if (namespaces.time === undefined || namespaces.time === "new") return { time: "new" };
  throw refused(
    "timeOffsets need a time namespace of the sandbox's own: namespaces.time is another.",
  );
}

/**
 * Who is not root may join a namespace only with the rights of the user namespace that owns it. With another's
 * files or processes everybody joins it: what runs there must be who they are, and not the host's stranger.
 */
function ownerOfJoined(choices: NamespaceChoices, asker: Asker): NamespaceChoices {
  const needing = namespaceTypes.filter(
    (type) => type !== "user" && (asker.uid !== 0 || type === "mnt" || type === "pid"),
  );
  const [owner, ...others] = new Set(needing.flatMap((type) => joinedTarget(choices, type) ?? []));
  if (owner === undefined) return {};
  const user = choices.user;
  const same = typeof user === "object" && user.join === owner;
  if (others.length > 0 || (user !== undefined && !same)) {
    throw refused(
      `Joining a namespace of ${owner} takes its user namespace too, and a process is in one only: name one target, and leave namespaces.user out.`,
    );
  }
  return { user: { join: owner } };
}

/**
 * In another's network namespace its abstract sockets can be reached (CVE-2020-15257), among other processes
 * those of the same uid can be signalled: Landlock closes both, where the kernel has its scopes (6.12).
 */
function closeScopes(spec: SandboxSpec, choices: NamespaceChoices): SandboxSpec["landlock"] {
  const wanted = [
    ...(isNew(choices, "net") ? [] : ["abstract-sockets" as const]),
    ...(isNew(choices, "pid") ? [] : ["signals" as const]),
  ];
  if (wanted.length === 0 || !hasLandlockScopes()) return spec.landlock;
  const scopes = [...new Set([...(spec.landlock?.scopes ?? []), ...wanted])];
  return { ...spec.landlock, scopes };
}

interface Clash {
  readonly when: (spec: SandboxSpec, asker: Asker) => boolean;
  readonly because: string;
}

const shares = ({ namespaces }: SandboxSpec, type: NamespaceType) => !isNew(namespaces, type);

const clashes: readonly Clash[] = [
  {
    when: ({ namespaces }, { uid }) => uid === 0 && namespaceChoice(namespaces, "user") === "host",
    because:
      "A sandbox of root has a user namespace of its own, always: in the host's it would run as the host's root.",
  },
  {
    when: ({ namespaces }) => joinedTarget(namespaces, "user")?.startsWith("/") ?? false,
    because:
      "A user namespace is joined by a sandbox or a process, not by a path, for who the user is there is read from a process; and who is not root joins no namespace without it.",
  },
  {
    when: (spec) => shares(spec, "mnt") && (spec.rootfs.type !== "host" || hasMounts(spec)),
    because:
      "rootfs, workspace, mounts, devices and readOnly need a mount namespace of the sandbox's own: in another one they would change what others see. Leave them out, or namespaces.mnt.",
  },
  {
    when: (spec) => shares(spec, "uts") && spec.hostname !== undefined,
    because:
      "hostname needs a UTS namespace of the sandbox's own: it would rename the others. Leave out one of them.",
  },
  {
    when: (spec) => shares(spec, "pid") && !spec.init,
    because:
      "init: false needs a pid namespace of the sandbox's own: in another one Terrarium's init ends what the command leaves behind.",
  },
];

function hasMounts({ workspace, mounts, devices = [], readOnly }: SandboxSpec): boolean {
  return workspace !== undefined || mounts.length > 0 || devices.length > 0 || readOnly;
}

function refused(reason: string): TerrariumError {
  return new TerrariumError("invalidRequest", { reason });
}
