import { element } from "../element.ts";
import type { Tab } from "../tab.ts";

export const usageTab: Tab = {
  mount: (root) => root.append(element("p", {}, "—")),
  show: () => undefined,
  hidden: () => undefined,
};
