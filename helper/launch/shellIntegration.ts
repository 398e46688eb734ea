import { basename } from "node:path";
import { type Folder, type FolderRule, folderRules, nowhere } from "./folders.ts";

/**
 * What an editor's terminal has to be told to know commands, their ends and the working directory: VS Code's sequences
 * (OSC 633). The scripts that usually say it lie on the host, where a shell inside sees nothing, and to the files that it
 * does see nothing is written: all of it travels in the shell's own arguments and variables.
 */

export interface ShellStart {
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

export interface Integration {
  /** Of one name the last counts. Below none of them nothing is known. */
  readonly folders: readonly Folder[];
  /** What a shell's name leads to, as busybox for sh; undefined: nobody knows. */
  readonly program?: string | undefined;
}

/** The same start where the command is no shell that somebody types into. */
export function integrateShell(start: ShellStart, { folders, program }: Integration): ShellStart {
  const [path = "", ...rest] = start.command;
  const isBusybox = basename(path) === "busybox";
  const isPlain = isBusybox ? rest.length === 1 : rest.length === 0;
  const name = isBusybox || program === "busybox" ? "ash" : basename(path);
  const integrate = isPlain ? kinds[name] : undefined;
  return integrate ? integrate(start, folderRules(folders)) : start;
}

type Kind = (start: ShellStart, table: readonly FolderRule[]) => ShellStart;

const mark = (text: string) => `\x1b]633;${text}\x07`;

/** By the name of the shell. */
const kinds: Readonly<Record<string, Kind>> = {
  bash: (start, table) => withVariables(start, bashVariables(start, table)),
  fish: ({ command, environment }, table) => ({
    command: [...command, "--init-command", fishScript(table)],
    environment,
  }),
  zsh: ({ command, environment }, table) =>
    withVariables(
      { command: [...command, "-o", "promptsubst"], environment },
      {
        PS1: prompt(zshScript(table), environment["PS1"] ?? "%m%# ", (text) => `%{${text}%}`),
        POSTEDIT: mark("C"),
      },
    ),
  sh: (start, table) => withVariables(start, { PS1: prompt(posixScript(table), sign(start)) }),
  dash: (start, table) => withVariables(start, { PS1: prompt(posixScript(table), sign(start)) }),
  ash: (start, table) =>
    withVariables(start, {
      PS1: prompt(
        posixScript(table),
        start.environment["PS1"] ?? "\\w \\$ ",
        (text) => `\\[${text}\\]`,
      ),
    }),
};

function withVariables(
  { command, environment }: ShellStart,
  more: Record<string, string>,
): ShellStart {
  return { command, environment: { ...environment, ...more } };
}

const sign = ({ environment: { PS1, USER } }: ShellStart) => PS1 ?? (USER === "root" ? "# " : "$ ");

/**
 * A shell that runs nothing before a prompt computes the prompt itself. It tells of each end, with its code, of the
 * working directory, and where what is typed begins. `hide` marks what takes no room in the line.
 */
function prompt(script: string, own: string, hide = (text: string) => text): string {
  const told = `${mark("D;$?")}$(${script})${mark("A")}`;
  return `${hide(told)}${own}${hide(mark("B"))}`;
}

/**
 * `case` with a pattern for each folder, in the words that all shells of POSIX share. A directory whose name could
 * end the sequence, or begin another, is said to be nowhere.
 */
function posixScript(table: readonly FolderRule[], rest = below): string {
  const tell = (folder: string, behind: string) =>
    `printf '${mark(`P;Cwd=${folder.replaceAll("%", "%%")}%s`)}' "${behind}"`;
  const cases = table.map(
    ({ inside, outside }) => `'${inside}'/*) ${tell(outside, rest(inside))};;`,
  );
  return `case $PWD/ in *[[:cntrl:]\\;\\\\]*) ${tell(nowhere, "")};; ${cases.join(" ")} esac`;
}

const below = (inside: string) => `\${PWD#'${inside}'}`;

/** Zsh takes what it got so for a prompt still, in which a per cent sign means something, and two mean one. */
function zshScript(table: readonly FolderRule[]): string {
  const doubled = table.map(({ inside, outside }) => ({
    inside,
    outside: outside.replaceAll("%", "%%"),
  }));
  return posixScript(doubled, (inside) => `\${\${PWD#'${inside}'}//\\%/%%}`);
}

/**
 * Bash evaluates PROMPT_COMMAND before each prompt. The first time it defines what does the work, and takes the place of
 * itself, however the user's own start-up files went on with the variable.
 */
function bashVariables(
  { environment }: ShellStart,
  table: readonly FolderRule[],
): Record<string, string> {
  const { PROMPT_COMMAND: own } = environment;
  const hook = 'eval "$TERRARIUM_SHELL"';
  const script = `
__terrarium_folder() { ${posixScript(table)}; }
__terrarium_prompt() {
  local status=$?
  ((__terrarium_ran)) && printf '\\e]633;D;%s\\a' "$status"
  __terrarium_ran=0
  __terrarium_folder
  [[ $PS1 == *'633;A'* ]] || PS1='\\[\\e]633;A\\a\\]'"$PS1"'\\[\\e]633;B\\a\\]'
  return "$status"
}
__terrarium_ran=0
PS0="\${PS0-}"'\\e]633;C\\a\${PS0:$((__terrarium_ran=1,0)):0}'
PROMPT_COMMAND=("\${PROMPT_COMMAND[@]//'${hook}'/__terrarium_prompt}")
export -n PROMPT_COMMAND
unset TERRARIUM_SHELL
__terrarium_prompt`;
  return { PROMPT_COMMAND: own === undefined ? hook : `${own}\n${hook}`, TERRARIUM_SHELL: script };
}

function fishScript(table: readonly FolderRule[]): string {
  const cases = table.map(
    ({ inside, outside }) =>
      `case '${inside}/*'; set to '${outside}'(string sub -s ${inside.length + 1} -- $PWD)`,
  );
  return `
function __terrarium_folder --on-event fish_prompt
  set -l to '${nowhere}'
  switch $PWD/; case '*;*' '*\\\\*'; ${cases.join("; ")}; end
  string match -qr '[[:cntrl:]]' -- $to; and set to '${nowhere}'
  printf '\\e]633;P;Cwd=%s\\a\\e]633;A\\a' $to
end
function __terrarium_begin --on-event fish_preexec; printf '\\e]633;C\\a'; end
function __terrarium_end --on-event fish_postexec; printf '\\e]633;D;%s\\a' $status; end
functions -c fish_prompt __terrarium_fish_prompt
function fish_prompt; __terrarium_fish_prompt; printf '\\e]633;B\\a'; end`;
}
