import type {
  PanelRequest,
  PanelState,
  PanelSubject,
  PanelTab,
} from "../../helper/protocol/panel.ts";

/** What the editor gives to a page: messages out, and a state that outlives it (vscode.d.ts, Webview API). */
interface EditorApi {
  postMessage(message: unknown): void;
  getState(): PanelState | undefined;
  setState(state: PanelState): void;
}

declare function acquireVsCodeApi(): EditorApi;

const editor = acquireVsCodeApi();

export function post(request: PanelRequest): void {
  editor.postMessage(request);
}

/** The tab that was shown when the page was last there. */
export function lastTab(): PanelTab | undefined {
  return editor.getState()?.tab;
}

/** Leaves behind whom the page is about, for the window that is loaded anew. */
export function remember(subject: PanelSubject, tab: PanelTab): void {
  editor.setState({ subject, tab, kept: editor.getState()?.kept ?? {} });
}

/** What a tab has kept under its own key; undefined before the first. */
export function kept(key: string): unknown {
  return editor.getState()?.kept[key];
}

export function keep(key: string, value: unknown): void {
  const state = editor.getState();
  if (state) editor.setState({ ...state, kept: { ...state.kept, [key]: value } });
}
