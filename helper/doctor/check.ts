import type { DoctorFinding, DoctorFix, Verdict } from "../protocol/doctor.ts";
import type { SandboxHost } from "../sandboxes/host.ts";

export type Outcome = Omit<DoctorFinding, "name">;

/** One thing to look at. What it throws is an answer, too: report.ts. */
export interface Check {
  readonly name: string;
  examine(host: SandboxHost): Outcome | Promise<Outcome>;
}

export function fine(tried: string, answer: string): Outcome {
  return { verdict: "fine", tried, answer };
}

export function amiss(
  verdict: Verdict,
  tried: string,
  answer: string,
  cost: string,
  fix?: DoctorFix,
): Outcome {
  return { verdict, tried, answer, cost, fix };
}

/** Debian's package, and what it brings. */
export function install(name: string): DoctorFix {
  return { words: `install ${name}`, command: ["apt-get", "install", "--yes", name] };
}

/** sysctl.d(5): for now, and for every start of the machine. */
export function setSysctl(name: string, value: number): DoctorFix {
  const file = `/etc/sysctl.d/60-terrarium-${name.replaceAll(/[._]/g, "-")}.conf`;
  return {
    words: `set ${name} to ${value}, now and at every start (${file})`,
    command: ["sh", "-c", `echo ${name}=${value} > ${file} && sysctl --quiet --load=${file}`],
  };
}
