import { spawnSync } from "node:child_process";
import type { DoctorFinding, Verdict } from "../../protocol/doctor.ts";
import { commandLine, doctorText, type PaintVerdict } from "../../protocol/doctorText.ts";
import { type Command, exitCodes, jsonOption } from "../command.ts";
import { isConfirmed } from "../confirm.ts";
import { isSet } from "../options.ts";
import { noTarget } from "../target.ts";

export const doctorCommand: Command = {
  name: "doctor",
  summary: "try what sandboxes need here, and say what would mend it",
  usage: "doctor [--fix|--json]",
  options: [
    { name: "fix", help: "ask about each fix that has a command, run it, and look again" },
    jsonOption,
  ],
  run: async (context, parsed) => {
    noTarget(parsed);
    const { connection, print, colours } = context;
    const report = await connection.request("host/doctor", {});
    if (isSet(parsed, "json")) {
      print(JSON.stringify(report, null, 2));
      return exitCode(report.findings);
    }
    print(doctorText(report, colours ? inColour : undefined).text);
    if (!isSet(parsed, "fix") || !(await mend(report.findings))) return exitCode(report.findings);
    const again = await connection.request("host/doctor", {});
    print(`\n${doctorText(again, colours ? inColour : undefined).text}`);
    return exitCode(again.findings);
  },
};

/** What is broken fails a script that asks; what is lacking is a matter of taste. */
function exitCode(findings: readonly DoctorFinding[]): number {
  return findings.some(({ verdict }) => verdict === "broken")
    ? exitCodes.terrariumFailed
    : exitCodes.ok;
}

/** Whether anything was run. Each command is shown as it is typed, and asked about by itself. */
async function mend(findings: readonly DoctorFinding[]): Promise<boolean> {
  let ran = false;
  for (const { name, verdict, fix } of findings) {
    if (verdict === "fine" || !fix?.command) continue;
    const isWanted = await isConfirmed(`${name}: ${fix.words}. Run ${commandLine(fix.command)}?`);
    if (!isWanted) continue;
    run(fix.command);
    ran = true;
  }
  return ran;
}

/** In sight of the user, whom sudo(8) asks for the password; root needs no sudo. */
function run(command: readonly string[]): void {
  const whole = command[0] === "terrarium" ? ownCommand(command.slice(1)) : command;
  const [program = "", ...words] = process.getuid?.() === 0 ? whole : ["sudo", ...whole];
  spawnSync(program, words, { stdio: "inherit" });
}

/** It has been asked about already, and is no Electron's window. */
function ownCommand(words: readonly string[]): readonly string[] {
  const [, program = ""] = process.argv;
  return ["env", "ELECTRON_RUN_AS_NODE=1", process.execPath, program, ...words, "--yes"];
}

/** ECMA-48 foreground colours of the marks; the words say the same. */
const foreground: Readonly<Record<Verdict, number>> = {
  broken: 31,
  lacking: 33,
  fine: 32,
  unknown: 90,
};

const inColour: PaintVerdict = (verdict, text) => `\u001b[${foreground[verdict]}m${text}\u001b[39m`;
