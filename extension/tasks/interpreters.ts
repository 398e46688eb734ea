/** What runs a file of a language, by VS Code's language id; the file's name follows. */
const interpreters: Readonly<Record<string, readonly string[]>> = {
  shellscript: ["bash"],
  python: ["python3"],
  javascript: ["node"],
  typescript: ["node"],
  perl: ["perl"],
  ruby: ["ruby"],
  php: ["php"],
  lua: ["lua"],
  r: ["Rscript"],
  julia: ["julia"],
  go: ["go", "run"],
  swift: ["swift"],
  dart: ["dart", "run"],
  elixir: ["elixir"],
  clojure: ["clojure"],
  groovy: ["groovy"],
  haskell: ["runghc"],
  ocaml: ["ocaml"],
  powershell: ["pwsh", "-File"],
  makefile: ["make", "-f"],
  awk: ["awk", "-f"],
  tcl: ["tclsh"],
  java: ["java"],
};

/** The command that runs a file: its first line says it, else its language. Undefined: nobody says. */
export function interpreterOf(
  firstLine: string,
  languageId: string,
): readonly string[] | undefined {
  return shebangOf(firstLine) ?? interpreters[languageId];
}

/** As execve(2) reads it: a program, and all the rest as one argument; env -S (env(1)) splits it. */
function shebangOf(line: string): readonly string[] | undefined {
  const [, program, rest = ""] = /^#!\s*(\/\S+)(?:[ \t]+(.*\S))?\s*$/.exec(line) ?? [];
  if (program === undefined) return undefined;
  if (rest === "") return [program];
  const [, split] = (/\/env$/.test(program) && /^-S\s*(.*)$/.exec(rest)) || [];
  return split === undefined ? [program, rest] : [program, ...split.split(/\s+/)];
}
