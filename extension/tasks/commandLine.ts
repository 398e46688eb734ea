import type { SandboxTask } from "./definition.ts";

/** The words of `terrarium` that run the task in a new sandbox, as the file `spec` says it. */
export function runWords(task: SandboxTask, spec: string): readonly string[] {
  return ["run", "-it", "--spec", spec, ...workdirOf(task), ...commandOf(task)];
}

/** In a sandbox that runs. */
export function execWords(task: SandboxTask, sandbox: string): readonly string[] {
  return ["exec", sandbox, ...workdirOf(task), ...commandOf(task)];
}

/** In a container of any engine, by the process that was found for it. */
export function enterWords(task: SandboxTask, target: string): readonly string[] {
  return ["enter", target, ...workdirOf(task), ...commandOf(task)];
}

function workdirOf({ cwd }: SandboxTask): readonly string[] {
  return cwd === undefined ? [] : ["--workdir", cwd];
}

function commandOf({ command, args }: SandboxTask): readonly string[] {
  return ["--", command, ...args];
}
