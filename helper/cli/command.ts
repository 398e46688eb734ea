import type { Installer } from "../protocol/installing.ts";
import type { HelperConnection } from "../protocol/methods.ts";
import type { Option, ParsedArguments } from "./options.ts";

/** What a command works with. */
export interface CliContext {
  readonly connection: HelperConnection;
  readonly print: (text: string) => void;
  /** Standard output is a terminal that may have them. */
  readonly colours: boolean;
  /** What a line of standard output has room for; undefined where no terminal bounds it. */
  readonly lineCells: () => number | undefined;
}

/** What a command works with that asks no helper. */
export interface AloneContext {
  readonly installer: () => Promise<Installer>;
  readonly print: (text: string) => void;
}

/** One command of the client; `terrarium --help`, the parser and the dispatch are made from these. */
export interface CommandWords {
  readonly name: string;
  readonly summary: string;
  readonly usage: string;
  readonly options: readonly Option[];
  /** Lines that the help ends with; test/kernel/cli-examples.test.ts plans each of them. */
  readonly examples?: readonly string[];
}

export interface Command extends CommandWords {
  /** Answers the exit code. */
  run(context: CliContext, parsed: ParsedArguments): Promise<number>;
}

/** What makes a helper possible needs none. */
export interface AloneCommand extends CommandWords {
  runAlone(context: AloneContext, parsed: ParsedArguments): Promise<number>;
}

/** Exit codes as Docker and the shells have them. */
export const exitCodes = {
  ok: 0,
  terrariumFailed: 125,
  notExecutable: 126,
  notFound: 127,
} as const;

export const jsonOption: Option = { name: "json", help: "print one JSON document" };
