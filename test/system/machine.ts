import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connectClient } from "../../helper/cli/connect.ts";
import type { HelperConnection } from "../../helper/protocol/methods.ts";
import { version } from "../../helper/version.ts";
import { checkout } from "../rig/prepare.mjs";
import {
  bootContainer,
  type Ran,
  type RunOptions,
  type SystemContainer,
  whyNoContainer,
} from "../rig/system-container.ts";
import { lingerer } from "../rig/system-tree.ts";

/** A booted Debian in which an ordinary user has Terrarium, as an editor installs it: in that user's own directory. */
export interface Machine extends SystemContainer {
  /** As one of its users, after a login: su(1), and with it PAM and logind. */
  as(user: string, script: string, options?: RunOptions): Promise<Ran>;
  /** What must not fail; answers what it printed. */
  do(...command: readonly string[]): Promise<string>;
  /** The user runs `sudo terrarium install-helper`. */
  install(...words: readonly string[]): Promise<Ran>;
  /** A helper that a script of the user's starts on its standard input and output. */
  helperOf(user: string, script: string): Promise<HelperConnection>;
}

const reason = whyNoContainer();
export const needsMachine = { skip: reason ?? false };

export const owner = lingerer;
export const stranger = { name: "stranger", id: 1001 } as const;

export const extension = `/home/${owner.name}/.vscode/extensions/terrarium`;
export const node = "/opt/node";
export const client = `${node} ${extension}/dist/bin/terrarium`;
export const home = `/usr/lib/terrarium/${version()}`;
/** For who cannot read that user's files. */
export const installedClient = `${home}/node ${home}/bin/terrarium`;
export const socket = "/run/terrarium/helper.socket";
export const starter = `${home}/terrarium-helper`;

export async function bootMachine(): Promise<Machine> {
  const container = await bootContainer({ [node]: process.execPath });
  const machine = { ...container, ...conveniences(container) };
  await machine.do("useradd", "--create-home", "--uid", `${stranger.id}`, stranger.name);
  copyExtension(container.root);
  writeFileSync(
    join(container.root, "etc/sudoers.d/test"),
    `${owner.name} ALL=(ALL) NOPASSWD: ALL\n`,
    { mode: 0o440 },
  );
  return machine;
}

const built = [
  ...["bin", "icon.png", "package.json"],
  ...["launcher", "follow", "koffi.node", "terrarium-helper"].map((name) => `native/${name}`),
];

/** As the editor leaves it: all of it belongs to the user. */
function copyExtension(root: string): void {
  const there = join(root, extension, "dist");
  mkdirSync(there, { recursive: true });
  const from = { cwd: join(checkout, "dist") };
  execFileSync("cp", ["--recursive", "--parents", ...built, there], from);
  const all = join(root, "home", owner.name);
  execFileSync("chown", ["--recursive", `${owner.id}:${owner.id}`, all]);
}

function conveniences(
  container: SystemContainer,
): Pick<Machine, "as" | "do" | "install" | "helperOf"> {
  const login = (user: string, script: string) => ["su", "-", user, "-c", script];
  const as = (user: string, script: string, options?: RunOptions) =>
    container.run(login(user, script), options);
  return {
    as,
    do: async (...command) => {
      const { code, stdout, stderr } = await container.run(command);
      if (code !== 0) throw new Error(`${command.join(" ")}: ${code} ${stdout}${stderr}`);
      return stdout;
    },
    install: (...words) => as(owner.name, `sudo ${client} install-helper ${words.join(" ")}`),
    helperOf: async (user, script) => {
      // The shell stays: who asks is who started pkexec or sudo, and that must be the user's own.
      const child = container.start(login(user, `${script}; true`));
      if (!child.stdout || !child.stdin) throw new Error("it has no pipes");
      return connectClient({ input: child.stdout, output: child.stdin }, "test", version());
    },
  };
}
