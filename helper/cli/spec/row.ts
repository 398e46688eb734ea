import type { SandboxFileInput } from "../../protocol/sandboxFile.ts";
import type { SandboxSpecInput } from "../../protocol/schemas.ts";
import type { Option, ParsedArguments } from "../options.ts";

/** A flag of a key: an option, and what its text says of the key. */
export interface Flag<Part> extends Option {
  /**
   * `spelled` is the flag's name, for a complaint: throws UsageError. A switch has the empty text. `beside` is
   * all that was given, for a text that counts from another's.
   */
  readonly read: (text: string, spelled: string, beside: ParsedArguments) => Part;
  readonly apart?: Apart;
}

/** Flags that another cannot stand beside, as they say the same thing. */
interface Apart {
  readonly from: readonly string[];
  readonly because: string;
}

/** `spelled` is as the help shows it: `-v, --volume SRC:DST[:ro]`. */
export function flag<Part>(
  spelled: `--${string}` | `-${string}, --${string}`,
  help: string,
  read: Flag<Part>["read"],
  apart?: Apart,
): Flag<Part> {
  const [, short, name = "", argument] = /^(?:-(.), )?--(\S+)(?: (.+))?$/.exec(spelled) ?? [];
  return {
    name,
    help,
    read,
    ...(short && { short }),
    ...(argument && { argument }),
    ...(apart && { apart }),
  };
}

type Heading =
  | "The sandbox"
  | "Files"
  | "Users, network and other namespaces"
  | "Limits"
  | "Privileges";

/** What a key of a spec is to people: its words in an editor's hover and in the reference, and its flags. */
export type Row<Part> = {
  readonly words: string;
  /** The words of the keys below it, by their path from here. */
  readonly below?: Readonly<Record<string, string>>;
} & (
  | {
      /** What its flags stand under in the help. */
      readonly heading: Heading;
      readonly flags: readonly Flag<Part>[];
    }
  /** Why the command line has no flag for it. */
  | { readonly noFlag: string }
);

type Part<K extends keyof SandboxSpecInput> = {
  readonly [key in K]: NonNullable<SandboxSpecInput[K]>;
};

/** One row for every key, or it does not compile. */
export type SpecTable = {
  readonly [K in keyof SandboxFileInput]-?: Row<K extends keyof SandboxSpecInput ? Part<K> : never>;
};
