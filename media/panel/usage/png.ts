import type { Graph } from "./graph.ts";
import { graphFacts } from "./graphs.ts";
import type { Theme } from "./theme.ts";

const margin = 16;

/** All graphs below each other, with their titles and figures, as they look now: a PNG in base64. */
export function pngOf(graphs: readonly Graph[], theme: Theme): string {
  const drawn = graphs.flatMap(({ name, canvas, figureWords }) =>
    canvas ? [{ title: graphFacts[name].title, words: figureWords, canvas }] : [],
  );
  const ratio = window.devicePixelRatio;
  const line = theme.fontPixels * ratio * 1.6;
  const width = Math.max(1, ...drawn.map(({ canvas }) => canvas.width)) + 2 * margin;
  const heights = drawn.map(({ canvas }) => canvas.height + 2 * line);
  const sheet = document.createElement("canvas");
  sheet.width = width;
  sheet.height = margin * 2 + heights.reduce((sum, height) => sum + height, 0);
  const context = sheet.getContext("2d");
  if (!context) return "";
  context.fillStyle = theme.colour("background");
  context.fillRect(0, 0, sheet.width, sheet.height);
  context.fillStyle = theme.colour("foreground");
  context.font = theme.font.replace(/^[\d.]+/, (pixels) => `${Number(pixels) * ratio}`);
  let top = margin;
  for (const [place, { title, words, canvas }] of drawn.entries()) {
    context.fillText(`${title}   ${words}`, margin, top + line, width - 2 * margin);
    context.drawImage(canvas, margin, top + line * 1.4);
    top += heights[place] ?? 0;
  }
  return sheet.toDataURL("image/png").replace(/^[^,]*,/, "");
}
