import * as vscode from "vscode";
import type { PanelSubject, PanelTab } from "../../helper/protocol/panel.ts";
import { panelViewType } from "../contributions.ts";
import { withoutIcons } from "../plain.ts";
import { keyOf, Panel, type PanelHost } from "./panel.ts";

/** The page holds all that it needs: no file can be loaded. */
const options: vscode.WebviewOptions = { enableScripts: true, localResourceRoots: [] };

/** The panels that are open, one for each subject. */
export class Panels implements vscode.Disposable {
  readonly #host: PanelHost;
  readonly #open = new Map<string, Panel>();
  readonly #registration: vscode.Disposable;

  constructor(host: Omit<PanelHost, "open">) {
    this.#host = { ...host, open: (subject, tab) => this.show(subject, tab) };
    this.#registration = vscode.window.registerWebviewPanelSerializer(panelViewType, {
      deserializeWebviewPanel: async (view, state) => this.#restore(view, state),
    });
  }

  /** Opens the panel of a subject, or brings the one that is open to the front. */
  show(subject: PanelSubject, tab?: PanelTab): void {
    const panel = this.#open.get(keyOf(subject)) ?? this.#adopt(this.#newView(subject), subject);
    panel.show(tab);
  }

  dispose(): void {
    this.#registration.dispose();
    for (const panel of this.#open.values()) panel.dispose();
  }

  #newView({ title }: PanelSubject): vscode.WebviewPanel {
    return vscode.window.createWebviewPanel(
      panelViewType,
      withoutIcons(title),
      vscode.ViewColumn.Active,
      options,
    );
  }

  /** Schemas are loaded when the first panel is there. */
  async #restore(view: vscode.WebviewPanel, state: unknown): Promise<void> {
    const { parseSubject } = await import("./request.ts");
    const subject = parseSubject(state);
    if (subject && !this.#open.has(keyOf(subject))) {
      view.webview.options = options;
      this.#adopt(view, subject);
    } else {
      view.dispose();
    }
  }

  #adopt(view: vscode.WebviewPanel, subject: PanelSubject): Panel {
    const icon = (theme: "light" | "dark") =>
      vscode.Uri.joinPath(this.#host.extensionUri, "media", "icons", `jar-${theme}.svg`);
    view.iconPath = { light: icon("light"), dark: icon("dark") };
    const panel = new Panel(this.#host, view, subject);
    this.#open.set(keyOf(subject), panel);
    view.onDidDispose(() => {
      this.#open.delete(keyOf(subject));
      panel.dispose();
    });
    return panel;
  }
}
