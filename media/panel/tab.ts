import type { PanelRequest, PanelSnapshot } from "../../helper/protocol/panel.ts";

/** Sends a request to the editor side. */
export type Post = (request: PanelRequest) => void;

/** One tab of the panel, in its own element. It is mounted when it is first shown. */
export interface Tab {
  mount(root: HTMLElement, post: Post): void;
  /** The tab is in sight, and this is what is known now: called when it is turned to, and for each snapshot. */
  show(snapshot: PanelSnapshot): void;
  /** Another tab was turned to: no work from now on. */
  hidden(): void;
}
