import { type CommandId, commands } from "../contributions.ts";

/** Why root's helper does not serve though it is wanted, and what to do about it. One row each. */
export interface Obstacle {
  /** What is, and what follows from it. */
  readonly words: string;
  /** The way on. */
  readonly remedy: { readonly title: string; readonly command: CommandId };
}

const install = { title: "Install Privileged Helper…", command: commands.installHelper };
const use = { title: "Use Privileged Helper", command: commands.usePrivilegedHelper };
const doctor = { title: "Run Doctor", command: commands.runDoctor };
const log = { title: "Show Log", command: commands.showLog };

export const obstacles = {
  notInstalled: {
    words: "Root's helper is not installed on this machine.",
    remedy: install,
  },
  otherVersion: {
    words: "Root's helper is of another version than this extension.",
    remedy: { ...install, title: "Upgrade Privileged Helper…" },
  },
  notAsked: {
    words: "Root's helper waits until you ask for it: it needs a password.",
    remedy: use,
  },
  flatpak: {
    words:
      "This editor is a Flatpak: it cannot reach the machine's own programs, pkexec and sudo among them. Install the editor from a package of the system's, or connect to the machine by SSH.",
    remedy: doctor,
  },
  snap: {
    words:
      "This editor is a snap that is confined: it cannot reach the machine's own programs, pkexec and sudo among them. Install the editor from a package of the system's, or connect to the machine by SSH.",
    remedy: doctor,
  },
  noNewPrivileges: {
    words:
      "Whoever started this editor forbade it to gain privileges (NoNewPrivs in /proc/self/status): neither pkexec nor sudo can work. Start the editor in another way, or have root's helper listen on its socket.",
    remedy: doctor,
  },
  noElevation: {
    words:
      "Neither pkexec nor sudo is installed, so that nothing can start root's helper (on Debian pkexec is a package of its own).",
    remedy: doctor,
  },
  noAgent: {
    words:
      "Nobody can be asked for a password: no agent of polkit's runs in this session, and sudo is not installed.",
    remedy: doctor,
  },
  dismissed: {
    words: "The question for the password was dismissed.",
    remedy: use,
  },
  denied: {
    words: "The machine's policy does not let you start root's helper.",
    remedy: log,
  },
  damaged: {
    words:
      "Root's helper is not what was installed, and so was not started; the log names the file.",
    remedy: { ...install, title: "Repair Privileged Helper…" },
  },
  noAnswer: {
    words: "No helper that can be believed answers on its socket.",
    remedy: log,
  },
  failed: {
    words: "Root's helper did not start; its last words are in the log.",
    remedy: log,
  },
} as const satisfies Readonly<Record<string, Obstacle>>;

export type ObstacleName = keyof typeof obstacles;

export function obstacleOf(name: ObstacleName): Obstacle {
  return obstacles[name];
}

/** It was to be started, and was not. */
export class Obstructed extends Error {
  readonly obstacle: ObstacleName;

  constructor(obstacle: ObstacleName) {
    super(obstacles[obstacle].words);
    this.obstacle = obstacle;
  }
}
