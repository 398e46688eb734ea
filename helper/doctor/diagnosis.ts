import type { LauncherFailure } from "../features/attempts.ts";
import type { DoctorFix } from "../protocol/doctor.ts";
import { setSysctl } from "./check.ts";
import type { Knobs } from "./knobs.ts";

/** Which of the host's knobs is behind a system call that failed. */
export interface Diagnosis {
  readonly cause: string;
  readonly fix?: DoctorFix | undefined;
}

interface Suspect extends Diagnosis {
  readonly isGuilty: (failure: LauncherFailure, knobs: Knobs) => boolean;
}

const denials: ReadonlySet<string> = new Set(["EPERM", "EACCES"]);
const isDenied = ({ errno }: LauncherFailure) => denials.has(errno);
const makesNamespaces = ({ stage }: LauncherFailure) => stage === "namespaces";

/** What Linux gives to a user namespace when none of its memory is scarce: kernel/ucount.c, half of the threads. */
const plentyOfNamespaces = 65_536;

/** The surest first. */
const suspects: readonly Suspect[] = [
  {
    // user_namespaces(7): ENOSPC since Linux 4.9.
    isGuilty: (failure, { mostUserNamespaces }) =>
      makesNamespaces(failure) && (failure.errno === "ENOSPC" || mostUserNamespaces === 0),
    cause: "the limit user.max_user_namespaces is reached, or 0",
    fix: setSysctl("user.max_user_namespaces", plentyOfNamespaces),
  },
  {
    isGuilty: (failure, { unprivilegedClone }) =>
      makesNamespaces(failure) && isDenied(failure) && unprivilegedClone === 0,
    cause: "kernel.unprivileged_userns_clone is 0 (a setting of Debian's kernels)",
    fix: setSysctl("kernel.unprivileged_userns_clone", 1),
  },
  {
    // The namespace can be made, but has no capability: the first call that needs one fails.
    isGuilty: (failure, { appArmorRestricts }) => isDenied(failure) && appArmorRestricts === 1,
    cause: "AppArmor takes every capability from user namespaces that no profile allows (Ubuntu)",
    fix: {
      ...setSysctl("kernel.apparmor_restrict_unprivileged_userns", 0),
      words:
        "a helper that runs as root needs no such namespace; or let all programs make them, as before Ubuntu 23.10",
    },
  },
  {
    // fs/namespace.c, mount_too_revealing(): a new procfs may show no more than the one that is there.
    isGuilty: (failure, { maskedProc }) =>
      /^\/?proc\b/.test(failure.path) && isDenied(failure) && maskedProc.length > 0,
    cause: "files of /proc are covered, as containers have it, and a new /proc would show them",
    fix: {
      words:
        "start the container around this with its /proc uncovered: docker run --security-opt systempaths=unconfined",
    },
  },
  {
    isGuilty: (failure, { hasFilter }) =>
      hasFilter && (isDenied(failure) || failure.errno === "ENOSYS"),
    cause: "a system-call filter is in force, of a container or a service around this",
    fix: {
      words:
        "start the container around this with a filter that lets namespaces and mounts be made: docker run --security-opt seccomp=unconfined",
    },
  },
];

/** Undefined where none is known to answer so. */
export function diagnose(failure: LauncherFailure, knobs: Knobs): Diagnosis | undefined {
  return suspects.find(({ isGuilty }) => isGuilty(failure, knobs));
}
