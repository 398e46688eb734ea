/**
 * The few variables that a program in a terminal may know of the editor. The helper rebuilds the
 * environment from its own allow-list and sets TERM; this one keeps secrets from even being sent, but for
 * the names in `passEnv`, which the user's own spec asks for.
 */
export function terminalEnvironment(
  from: Readonly<Record<string, string | undefined>>,
  passEnv: readonly string[] = [],
): Record<string, string> {
  const passed = Object.entries(from).flatMap(([name, value]) =>
    value !== undefined && (/^(LANG|LC_[A-Z]+)$/.test(name) || passEnv.includes(name))
      ? [[name, value] as const]
      : [],
  );
  return { ...Object.fromEntries(passed), COLORTERM: "truecolor", TERM_PROGRAM: "vscode" };
}
