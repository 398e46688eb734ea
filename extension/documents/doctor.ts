import * as vscode from "vscode";
import type { DoctorFix } from "../../helper/protocol/doctor.ts";
import { type DoctorText, doctorText } from "../../helper/protocol/doctorText.ts";
import type { Helper } from "../connection/helper.ts";
import { commands, doctorScheme } from "../contributions.ts";
import { failureText } from "../failure.ts";

const uri = vscode.Uri.from({ scheme: doctorScheme, path: "/Terrarium Doctor.txt" });
const firstLine = new vscode.Range(0, 0, 0, 0);

/** The doctor's report as a read-only document; above what can be mended stands the command that would. */
export class DoctorDocument
  implements vscode.TextDocumentContentProvider, vscode.CodeLensProvider, vscode.Disposable
{
  readonly #helper: Helper;
  readonly #changed = new vscode.EventEmitter<vscode.Uri>();
  readonly #registrations: vscode.Disposable;
  #shown: DoctorText | undefined;

  readonly onDidChange = this.#changed.event;

  constructor(helper: Helper) {
    this.#helper = helper;
    this.#registrations = vscode.Disposable.from(
      vscode.workspace.registerTextDocumentContentProvider(doctorScheme, this),
      vscode.languages.registerCodeLensProvider({ scheme: doctorScheme }, this),
    );
  }

  /** Opens it, or examines once more what is open already. */
  async open(): Promise<void> {
    this.#changed.fire(uri);
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri));
  }

  /** What the report that is shown has against something; what it runs is never chosen by who asks for it. */
  fixOf(name: unknown): DoctorFix | undefined {
    return [...(this.#shown?.lineOf.keys() ?? [])].find((finding) => finding.name === name)?.fix;
  }

  /** What cannot be read is said in the document itself. */
  async provideTextDocumentContent(): Promise<string> {
    try {
      this.#shown = doctorText(await this.#helper.request("host/doctor", {}));
      return this.#shown.text;
    } catch (error) {
      this.#shown = undefined;
      return failureText(error);
    }
  }

  provideCodeLenses(): vscode.CodeLens[] {
    const again = lens(firstLine, { title: "Look Again", command: commands.runDoctor });
    const fixes = [...(this.#shown?.lineOf ?? [])].flatMap(([{ name, verdict, fix }, line]) =>
      verdict === "fine" || !fix?.command
        ? []
        : lens(new vscode.Range(line, 0, line, 0), mend(name, fix)),
    );
    return [again, ...fixes];
  }

  dispose(): void {
    this.#registrations.dispose();
    this.#changed.dispose();
  }
}

function mend(name: string, fix: DoctorFix): vscode.Command {
  // What the client does itself the editor has a command for, which knows where the client is.
  if (fix.command?.[0] === "terrarium") {
    return {
      title: "Install Privileged Helper…",
      tooltip: fix.words,
      command: commands.installHelper,
    };
  }
  return {
    title: "Run Fix in Terminal…",
    tooltip: fix.words,
    command: commands.runDoctorFix,
    arguments: [name],
  };
}

function lens(range: vscode.Range, command: vscode.Command): vscode.CodeLens {
  return new vscode.CodeLens(range, command);
}
