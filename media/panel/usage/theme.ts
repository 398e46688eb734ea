/**
 * The workbench's colours for charts, as the page's root has them: canvases know no CSS variables. Its orange
 * is left out: that of a find match by default, two thirds transparent.
 */

const variables = {
  blue: "--vscode-charts-blue",
  green: "--vscode-charts-green",
  purple: "--vscode-charts-purple",
  red: "--vscode-charts-red",
  yellow: "--vscode-charts-yellow",
  foreground: "--vscode-charts-foreground",
  lines: "--vscode-charts-lines",
  background: "--vscode-editor-background",
} as const;

export type ChartColour = keyof typeof variables;

export interface Theme {
  colour(name: ChartColour): string;
  /** Of the text around the graphs, so that zoomed text is larger in them too. */
  readonly font: string;
  readonly fontPixels: number;
}

/** A theme may lack what high contrast themes do lack. */
const otherwise = "#808080";

export function readTheme(): Theme {
  const style = getComputedStyle(document.body);
  const fontPixels = Number.parseFloat(style.fontSize) * 0.9;
  // Read once: a draw asks for fifty.
  const colours = Object.entries(variables).map(([name, variable]) => {
    return [name, style.getPropertyValue(variable).trim() || otherwise] as const;
  });
  const colourOf = new Map<string, string>(colours);
  return {
    colour: (name) => colourOf.get(name) ?? otherwise,
    font: `${fontPixels}px ${style.fontFamily}`,
    fontPixels,
  };
}

/** VS Code names the theme in the classes of the body, and its colours in the style of the root element. */
export function onThemeChange(listener: () => void): void {
  const observer = new MutationObserver(listener);
  const attributeFilter = ["class", "style", "data-vscode-theme-id"];
  observer.observe(document.body, { attributes: true, attributeFilter });
  observer.observe(document.documentElement, { attributes: true, attributeFilter });
}
