/**
 * The environment inside is built from nothing: a few facts, the client's variables that are on this list,
 * and what the spec sets. VSCODE_IPC_HOOK_CLI, SSH_AUTH_SOCK, DBUS_*, GIT_ASKPASS and tokens stay outside
 * because they are not named here.
 */
const passedNames = new Set([
  "TERM",
  "COLORTERM",
  "NO_COLOR",
  "LANG",
  "LANGUAGE",
  "TZ",
  "TERM_PROGRAM",
]);
const passedPrefix = /^LC_[A-Z]+$/;

const searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

export function allowedVariables(
  clientEnv: Readonly<Record<string, string>>,
  alsoPassed: readonly string[] = [],
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(clientEnv).filter(
      ([name]) => passedNames.has(name) || passedPrefix.test(name) || alsoPassed.includes(name),
    ),
  );
}

export interface EnvironmentFacts {
  readonly user: { readonly name: string; readonly home: string; readonly shell: string };
  readonly clientEnv: Readonly<Record<string, string>>;
  readonly tty: boolean;
  /** Names that the spec asks for by `passEnv`. */
  readonly passEnv?: readonly string[];
  readonly set: Readonly<Record<string, string>>;
}

/** Name to value, later ones win: facts, client, spec. */
export function buildEnvironment(facts: EnvironmentFacts): Readonly<Record<string, string>> {
  return {
    PATH: searchPath,
    HOME: facts.user.home,
    USER: facts.user.name,
    LOGNAME: facts.user.name,
    SHELL: facts.user.shell,
    // Where the client has none: a terminal is UTF-8 today, and glibc has this locale built in.
    LANG: "C.UTF-8",
    // systemd's container interface: lets programs inside know, as Docker's and LXC's do.
    container: "terrarium",
    ...(facts.tty ? { TERM: "xterm-256color" } : {}),
    ...allowedVariables(facts.clientEnv, facts.passEnv),
    ...facts.set,
  };
}

/** The launcher's `--env` options. */
export function environmentOptions(environment: Readonly<Record<string, string>>): string[] {
  return Object.entries(environment).flatMap(([name, value]) => ["--env", `${name}=${value}`]);
}
