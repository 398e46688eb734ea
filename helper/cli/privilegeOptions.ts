import {
  landlockScopes,
  seccompProfiles,
  type UlimitName,
  type UlimitValue,
  ulimitNames,
} from "../protocol/privileges.ts";
import type { SandboxSpecInput } from "../protocol/schemas.ts";
import { allValues, isSet, lastValue, type Option, type ParsedArguments } from "./options.ts";
import { UsageError } from "./usage.ts";

/** It stands among the limits in the help. */
export const ulimitOption: Option = {
  name: "ulimit",
  argument: "NAME=SOFT[:HARD]",
  help: "of each process, as nofile=1024 (setrlimit(2))",
};

/** The options that say what a sandbox's processes may do; Docker's words where it has one. */
export const privilegeOptions: readonly Option[] = [
  { name: "cap-add", argument: "NAME", help: "a capability in its own namespaces, or ALL" },
  { name: "cap-drop", argument: "NAME", help: "a capability that nobody inside has, or ALL" },
  { name: "new-privileges", help: "let su and sudo of a --rootfs work inside" },
  { name: "seccomp", argument: "default|none", help: "the system-call filter" },
  { name: "landlock-ro", argument: "PATH", help: "read files only below such paths (Landlock)" },
  { name: "landlock-rw", argument: "PATH", help: "read and write only below such paths" },
  { name: "scope", argument: "SCOPE", help: "close outside: abstract-sockets, signals" },
];

type Words = Pick<
  SandboxSpecInput,
  "capabilities" | "noNewPrivileges" | "seccomp" | "ulimits" | "landlock"
>;

/** What was not given is undefined. Names of capabilities are the helper's to check. */
export function parsePrivileges(parsed: ParsedArguments): Words {
  const lists = (name: string) => given(allValues(parsed, name));
  const [add, drop] = [lists("cap-add"), lists("cap-drop")];
  const [readOnly, readWrite] = [lists("landlock-ro"), lists("landlock-rw")];
  const scopes = given(
    allValues(parsed, "scope").map((text) => oneOf("scope", landlockScopes, text)),
  );
  const ulimits = given(allValues(parsed, "ulimit").map(parseUlimit));
  const seccomp = lastValue(parsed, "seccomp");
  return {
    capabilities: add || drop ? { add, drop } : undefined,
    noNewPrivileges: isSet(parsed, "new-privileges") ? false : undefined,
    seccomp: seccomp === undefined ? undefined : oneOf("seccomp", seccompProfiles, seccomp),
    ulimits: ulimits && Object.fromEntries(ulimits),
    landlock: readOnly || readWrite || scopes ? { readOnly, readWrite, scopes } : undefined,
  };
}

/** The file's and the flags' together: lists add up, a flag's limit wins. */
export function mergePrivileges(file: Words, flags: Words): Words {
  const [capabilities, added] = [file.capabilities, flags.capabilities];
  const [landlock, closed] = [file.landlock, flags.landlock];
  return {
    capabilities: {
      add: joined(capabilities?.add, added?.add),
      drop: joined(capabilities?.drop, added?.drop),
    },
    ulimits: { ...file.ulimits, ...flags.ulimits },
    landlock: (landlock || closed) && {
      readOnly: joined(landlock?.readOnly, closed?.readOnly),
      readWrite: joined(landlock?.readWrite, closed?.readWrite),
      scopes: joined(landlock?.scopes, closed?.scopes),
    },
  };
}

/** An empty list would say that nothing is allowed. */
function given<T>(list: readonly T[]): T[] | undefined {
  return list.length > 0 ? [...list] : undefined;
}

function joined<T>(one: readonly T[] | undefined, other: readonly T[] | undefined) {
  return one || other ? [...(one ?? []), ...(other ?? [])] : undefined;
}

function oneOf<const T extends string>(option: string, known: readonly T[], text: string): T {
  const found = known.find((word) => word === text);
  if (found !== undefined) return found;
  throw new UsageError(`--${option} ${text} is unknown`, `There are ${known.join(", ")}.`);
}

/** `nofile=1024`, `nofile=1024:2048`, `core=unlimited`; -1 is Docker's word for that. */
function parseUlimit(
  text: string,
): [UlimitName, { readonly soft: UlimitValue; readonly hard: UlimitValue }] {
  const [, name = "", first = "", second = first] =
    /^([a-z]+)=([^:]+)(?::([^:]+))?$/.exec(text) ?? [];
  const [soft, hard] = [parseUlimitValue(first), parseUlimitValue(second)];
  if (soft !== undefined && hard !== undefined) {
    return [oneOf("ulimit", ulimitNames, name), { soft, hard }];
  }
  throw new UsageError(
    `--ulimit ${text} is malformed`,
    "It is written nofile=1024, nofile=1024:2048 or core=unlimited.",
  );
}

function parseUlimitValue(text: string): UlimitValue | undefined {
  if (text === "unlimited" || text === "-1") return "unlimited";
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
