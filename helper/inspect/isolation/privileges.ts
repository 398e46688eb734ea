import { type Asked, type Check, sharesWithHost, type Verdict, whenKnown } from "./facts.ts";

const modes: Readonly<Record<number, string>> = { 0: "off", 1: "strict", 2: "on" };

export const privilegeChecks: readonly Check[] = [
  {
    name: "user outside",
    source: "status",
    judge: ({ status, user }) =>
      whenKnown(status, ({ uid: { effective } }): Verdict => {
        if (effective === 0) {
          return {
            level: "open",
            fact: "uid 0: the host's root",
            matters: "Whatever it reaches of the host it may change.",
            remedy: "a user namespace that maps to other ids: --namespace user=new",
          };
        }
        if (user === undefined) return { level: "closed", fact: `uid ${effective}, nobody's` };
        return {
          level: "partly",
          fact: `uid ${effective}, ${user}`,
          matters: `Where it reaches the host's files or processes it is ${user}.`,
        };
      }),
  },
  {
    name: "no_new_privs",
    source: "status",
    judge: (facts) =>
      whenKnown(facts.status, ({ noNewPrivileges }): Verdict => {
        if (noNewPrivileges) return { level: "closed", fact: "on" };
        return {
          level: "partly",
          fact: "off",
          matters:
            sharesWithHost(facts, "user") === false
              ? "Set-uid programs work, and give ids of its own user namespace."
              : "Set-uid programs such as sudo give it their owner's rights.",
          remedy: "no_new_privs, which terrarium run sets",
        };
      }),
  },
  {
    name: "seccomp",
    source: "status",
    judge: ({ status }) =>
      whenKnown(status, ({ seccomp, seccompFilters }): Verdict => {
        const fact = modes[seccomp] ?? `mode ${seccomp}`;
        if (seccomp !== 0) return { level: "closed", fact: withFilters(fact, seccompFilters) };
        return {
          level: "open",
          fact,
          matters: "Every system call is open to it, with the holes that each may have.",
          remedy: "--seccomp default",
        };
      }),
  },
  {
    name: "security module",
    source: "attr/current",
    judge: ({ label }) =>
      whenKnown(label, (text): Verdict => {
        if (text !== undefined && !/^(unconfined|kernel)\b/.test(text)) {
          return { level: "closed", fact: text };
        }
        return {
          level: "partly",
          fact: text ?? "none labels processes here",
          matters: "No AppArmor or SELinux rule stands behind the other walls.",
        };
      }),
  },
  {
    name: "Landlock",
    source: "the sandbox's spec",
    judge: ({ asked, sandbox }): Verdict => {
      if (asked?.landlock) return { level: "closed", fact: landlockWords(asked.landlock) };
      if (sandbox !== undefined) {
        return { level: "partly", fact: "no rules were asked for", remedy: "--landlock-rw PATH" };
      }
      return {
        level: "unknown",
        fact: "not known: the kernel tells nobody but who made the rules",
        source: "no file",
      };
    },
  },
];

function withFilters(fact: string, filters: number | undefined): string {
  if (filters === undefined || filters === 0) return fact;
  return `${fact}, ${filters} ${filters === 1 ? "filter" : "filters"}`;
}

function landlockWords({ readOnly, readWrite, scopes }: NonNullable<Asked["landlock"]>): string {
  const files = readOnly || readWrite;
  return [
    ...(files ? [`writes below ${(readWrite ?? []).join(" ") || "nothing"}`] : []),
    ...(scopes?.length ? [`reaches outside neither ${scopes.join(" nor ")}`] : []),
  ].join(", ");
}
