import { type Attempt, attemptAsUser, type LauncherFailure } from "../features/attempts.ts";
import { amiss, type Check, fine, type Outcome } from "./check.ts";
import { type Diagnosis, diagnose } from "./diagnosis.ts";
import { readKnobs } from "./knobs.ts";

const tried = "a minimal sandbox as an ordinary user, in a child that is thrown away";

/** What a terminal's sandbox has at least: the host's programs, and a /proc, /dev and /tmp of its own. */
const minimal = [
  ...["--ro-bind", "/usr", "/usr", "--symlink", "usr/lib", "/lib", "--symlink", "usr/bin", "/bin"],
  ...["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"],
];

/** Stage by stage, as each sandbox is made; the first that fails is named, and what of the host is behind it. */
export const userSandbox: Check = {
  name: "sandboxes of an ordinary user",
  examine: ({ asker }) => judge(attemptAsUser(minimal), asker.uid === 0),
};

function judge(attempt: Attempt, isRoot: boolean): Outcome {
  if (attempt === "made")
    return fine(tried, "one was made, with namespaces, ids, mounts, privileges and a filter");
  const { answer, fix } = explain(attempt);
  const cost = isRoot
    ? "Users without root cannot make sandboxes; yours, as root, are another matter."
    : "You can make no sandbox without a helper that runs as root.";
  return amiss(isRoot ? "lacking" : "broken", tried, answer, cost, fix);
}

function explain(attempt: Exclude<Attempt, "made">): Pick<Outcome, "answer" | "fix"> {
  if (attempt === "silent") return { answer: "the launcher did not start" };
  const diagnosis = diagnose(attempt, readKnobs());
  return { answer: words(attempt, diagnosis), fix: diagnosis?.fix };
}

/** `stage namespaces: clone3: EPERM, because …`. */
export function words(
  { stage, call, path, errno }: LauncherFailure,
  diagnosis: Diagnosis | undefined,
): string {
  const where = path === "" ? call : `${call} ${path}`;
  const because = diagnosis === undefined ? "" : `: ${diagnosis.cause}`;
  return `stage ${stage}, ${where}, ${errno}${because}`;
}
