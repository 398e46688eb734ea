import { nearest } from "../protocol/nearest.ts";
import { UsageError } from "./usage.ts";

/** One option of a command; the parser and the help are made from it. */
export interface Option {
  readonly name: string;
  readonly short?: string;
  /** What follows it; without, it is a switch. */
  readonly argument?: string;
  /** What it means where nothing follows; then only `--name=value` gives it another value. */
  readonly implied?: string;
  readonly help: string;
  /** What stands over it in the help, with others of its kind. */
  readonly heading?: string;
}

export function under<O extends Option>(heading: string, options: readonly O[]): readonly O[] {
  return options.map((option) => ({ ...option, heading }));
}

export interface ParsedArguments {
  /** Values by option name, in the order given; a switch has the empty string. */
  readonly values: ReadonlyMap<string, readonly string[]>;
  readonly positionals: readonly string[];
  /** What stood after `--`; undefined without it. */
  readonly command: readonly string[] | undefined;
}

/**
 * Parses as getopt_long(3) does: `--name value`, `--name=value`, `-n value`, `-nvalue`, `-it`. Everything
 * after `--` is the command, untouched.
 */
export function parseArguments(
  words: readonly string[],
  options: readonly Option[],
  commandName: string,
): ParsedArguments {
  const split = words.indexOf("--");
  const command = split < 0 ? undefined : words.slice(split + 1);
  const queue = split < 0 ? [...words] : words.slice(0, split);
  const values = new Map<string, string[]>();
  const positionals: string[] = [];
  const take = (option: Option, inline: string | undefined, spelled: string) => {
    const list = values.get(option.name) ?? [];
    values.set(option.name, [...list, optionValue(option, inline, spelled, queue)]);
  };
  for (let word = queue.shift(); word !== undefined; word = queue.shift()) {
    if (word.startsWith("--")) {
      const [name = "", inline] = splitOnce(word.slice(2));
      take(
        findOption(options, ({ name: known }) => known === name, `--${name}`, commandName),
        inline,
        `--${name}`,
      );
    } else if (word.startsWith("-") && word.length > 1) {
      takeShort(word.slice(1), options, commandName, take);
    } else {
      positionals.push(word);
    }
  }
  return { values, positionals, command };
}

type Take = (option: Option, inline: string | undefined, spelled: string) => void;

/** `-it` is `-i -t`; `-m512m` is `-m 512m`. */
function takeShort(
  letters: string,
  options: readonly Option[],
  commandName: string,
  take: Take,
): void {
  for (const [index, letter] of [...letters].entries()) {
    const option = findOption(options, ({ short }) => short === letter, `-${letter}`, commandName);
    const rest = letters.slice(index + 1);
    if (option.argument) {
      take(option, rest || undefined, `-${letter}`);
      return;
    }
    take(option, undefined, `-${letter}`);
  }
}

function findOption(
  options: readonly Option[],
  matches: (option: Option) => boolean,
  spelled: string,
  commandName: string,
): Option {
  const found = options.find(matches);
  if (found) return found;
  const guess = nearest(
    spelled,
    options.map(({ name }) => `--${name}`),
  );
  throw new UsageError(
    `unknown option ${spelled}`,
    guess ? `Did you mean ${guess}?` : `"terrarium ${commandName} --help" lists the options.`,
  );
}

function optionValue(
  { argument, implied }: Option,
  inline: string | undefined,
  spelled: string,
  queue: string[],
): string {
  if (!argument) {
    if (inline !== undefined) throw new UsageError(`${spelled} takes no value`, "Leave it out.");
    return "";
  }
  const value = inline ?? implied ?? queue.shift();
  if (value === undefined) {
    throw new UsageError(`${spelled} needs a value`, `It is written ${spelled} ${argument}.`);
  }
  return value;
}

function splitOnce(word: string): readonly [string, string | undefined] {
  const at = word.indexOf("=");
  return at < 0 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)];
}

export function isSet({ values }: ParsedArguments, name: string): boolean {
  return values.has(name);
}

/** The last one given wins. */
export function lastValue({ values }: ParsedArguments, name: string): string | undefined {
  return values.get(name)?.at(-1);
}

export function allValues({ values }: ParsedArguments, name: string): readonly string[] {
  return values.get(name) ?? [];
}
