import { usageFigures } from "../../../helper/protocol/usageFigures.ts";
import { element, setAttribute } from "../element.ts";
import type { LineStyle } from "./graphs.ts";
import { figureWords } from "./numbers.ts";
import type { Line } from "./record.ts";

/** The lines of a graph with their values as text; each tells what it means, and can be hidden. */
export interface FigureList {
  readonly root: HTMLElement;
  show(figureOf: (key: string) => number): void;
  /** `used 20 %, limit 20 %`, without those that are hidden. */
  words(): string;
}

interface Entry {
  readonly line: Line;
  readonly button: HTMLButtonElement;
  readonly value: Text;
}

export function makeFigureList(
  title: string,
  lines: readonly Line[],
  hiddenKeys: ReadonlySet<string>,
  toggle: (key: string, shown: boolean) => void,
): FigureList {
  const root = element("ul", { class: "graph-figures", "aria-label": `${title}: figures` });
  const entries = lines.map((line, place): Entry => {
    const value = document.createTextNode("–");
    const tipId = `tip-${line.key.replaceAll(/\W/g, "-")}`;
    const button = element(
      "button",
      {
        type: "button",
        "aria-pressed": `${!hiddenKeys.has(line.key)}`,
        "aria-describedby": tipId,
        tabindex: place === 0 ? 0 : -1,
      },
      swatch(line.style),
      element("span", { class: "label" }, line.label),
      element("span", { class: "value" }, value),
    );
    button.addEventListener("click", () => {
      const shown = !isPressed(button);
      setAttribute(button, "aria-pressed", `${shown}`);
      toggle(line.key, shown);
    });
    root.append(element("li", {}, button, makeTip(tipId, line)));
    return { line, button, value };
  });
  rove(
    root,
    entries.map(({ button }) => button),
  );
  return {
    root,
    show: (figureOf) => {
      for (const { line, value } of entries) {
        const words = figureWords(figureOf(line.key), usageFigures[line.figure].unit);
        // Its text node itself, because each sample writes thirty of them.
        if (value.data !== words) value.data = words;
      }
    },
    words: () =>
      entries
        .filter(({ button }) => isPressed(button))
        .map(({ line, value }) => `${line.label} ${value.data}`)
        .join(", "),
  };
}

function isPressed(button: HTMLButtonElement): boolean {
  return button.getAttribute("aria-pressed") === "true";
}

/** One stop for Tab, arrows from figure to figure, as in a toolbar. Escape takes the words away (WCAG 1.4.13). */
function rove(root: HTMLElement, buttons: readonly HTMLButtonElement[]): void {
  const steps: Readonly<Record<string, number>> = { ArrowRight: 1, ArrowLeft: -1 };
  root.addEventListener("keydown", (event) => {
    setAttribute(root, "data-quiet", event.key === "Escape");
    const step = steps[event.key];
    const at = buttons.findIndex((button) => button.matches(":focus"));
    const next = buttons.at((at + (step ?? 0)) % buttons.length);
    if (step === undefined || at < 0 || next === undefined) return;
    event.preventDefault();
    for (const button of buttons) setAttribute(button, "tabindex", button === next ? 0 : -1);
    next.focus();
  });
  root.addEventListener("mouseleave", () => setAttribute(root, "data-quiet", undefined));
}

/** What the figure means, where it is read, and who defines it. */
function makeTip(id: string, { figure }: Line): HTMLElement {
  const fact = usageFigures[figure];
  const files = [
    "v2" in fact ? `${fact.v2} (v2)` : undefined,
    "v1" in fact ? `${fact.v1} (v1)` : undefined,
  ].filter((file) => file !== undefined);
  return element(
    "span",
    { class: "tip", role: "tooltip", id },
    element("span", {}, fact.meaning),
    element("span", { class: "dim" }, `From ${files.join(", ")}. Documentation/${fact.document}`),
  );
}

const svg = "http://www.w3.org/2000/svg";

/** A piece of the line as it is drawn. */
function swatch({ colour, dash }: LineStyle): SVGElement {
  const root = document.createElementNS(svg, "svg");
  const line = document.createElementNS(svg, "line");
  const attributes = { x1: 0, x2: 18, y1: 4, y2: 4, "stroke-dasharray": dash?.join(" ") };
  for (const [name, value] of Object.entries(attributes)) setAttribute(line, name, value);
  setAttribute(root, "viewBox", "0 0 18 8");
  setAttribute(root, "class", `swatch ${colour}`);
  setAttribute(root, "aria-hidden", "true");
  root.append(line);
  return root;
}
