import type { ObstacleName } from "./obstacles.ts";
import { helperProgram, type Surroundings } from "./surroundings.ts";

/** How a helper is come by. */
export type Way =
  /** The extension's own, with the editor's rights. */
  | { readonly kind: "own" }
  /** One that listens. */
  | { readonly kind: "socket"; readonly path: string }
  /** Root's own copy, started by polkit's program, which asks in a window. */
  | { readonly kind: "pkexec"; readonly program: string }
  /** The same by sudo, which asks in a terminal. */
  | { readonly kind: "sudo"; readonly program: string };

export interface Choice {
  readonly way: Way;
  /** A part of a sentence: why this one. */
  readonly why: string;
  /** What keeps the editor from the helper that its user wants; then the own one serves. */
  readonly lacks?: ObstacleName;
}

/** What the setting says: `rootless`, `privileged`, or the path of a socket. */
export interface Wish {
  readonly setting: string;
  /** A person has just asked for root's helper: they may be asked for a password. */
  readonly isAsked: boolean;
}

interface Row {
  readonly when: (wish: Wish, around: Surroundings) => boolean;
  readonly choose: (wish: Wish, around: Surroundings) => Choice;
}

/** Root's helper when it is wanted, nobody disturbed unasked, the own helper whenever it cannot be. */
export function chooseHelper(wish: Wish, around: Surroundings): Choice {
  const row = rows.find(({ when }) => when(wish, around));
  return row ? row.choose(wish, around) : own("it needs no privilege");
}

/** The first that applies. */
const rows: readonly Row[] = [
  {
    when: ({ setting }) => setting.startsWith("/"),
    choose: ({ setting: path }) => ({ way: { kind: "socket", path }, why: "the settings name it" }),
  },
  {
    when: (_, { uid }) => uid === 0,
    choose: () => own("the editor itself runs as root"),
  },
  {
    when: ({ setting }) => setting !== "privileged",
    choose: () => own("it needs no privilege"),
  },
  {
    when: (_, { sockets }) => sockets.length > 0,
    choose: (_, { sockets: [path = ""] }) => ({
      way: { kind: "socket", path },
      why: "root's helper listens",
    }),
  },
  lacking("flatpak", (_, { packaging }) => packaging === "Flatpak"),
  lacking("snap", (_, { packaging }) => packaging === "snap"),
  lacking("notInstalled", (_, { installed }) => installed.length === 0),
  lacking("otherVersion", (_, { installed, version }) => !installed.includes(version)),
  lacking("noNewPrivileges", (_, { noNewPrivileges }) => noNewPrivileges),
  lacking("noElevation", (_, { hasPkexec, hasSudo }) => !hasPkexec && !hasSudo),
  lacking("noAgent", (_, { hasDesktop, hasSudo }) => !hasDesktop && !hasSudo),
  lacking("notAsked", ({ isAsked }) => !isAsked),
  {
    when: (_, { hasPkexec, hasDesktop }) => hasPkexec && hasDesktop,
    choose: (_, { version }) => ({
      way: { kind: "pkexec", program: helperProgram(version) },
      why: "polkit was asked",
    }),
  },
  {
    when: () => true,
    choose: (_, { version, hasPkexec }) => ({
      way: { kind: "sudo", program: helperProgram(version) },
      why: hasPkexec ? "no agent of polkit's can ask here" : "pkexec is not installed",
    }),
  },
];

function own(why: string): Choice {
  return { way: { kind: "own" }, why };
}

/** What serves where root's helper cannot. */
export function ownHelper(lacks: ObstacleName): Choice {
  return { ...own("it needs no privilege"), lacks };
}

function lacking(lacks: ObstacleName, when: Row["when"]): Row {
  return { when, choose: () => ownHelper(lacks) };
}
