import themes from "./themes.json" with { type: "json" };

/**
 * VS Code's four kinds of theme: how they are called in its list, and what they give to a webview (themes.json,
 * read from a webview's page, as far as the panel uses it).
 */
export const themeTitles = {
  dark: "Dark Modern",
  light: "Light Modern",
  highContrast: "Dark High Contrast",
  highContrastLight: "Light High Contrast",
} as const;

export type ThemeName = keyof typeof themeTitles;
export const themeNames = Object.keys(themeTitles) as readonly ThemeName[];

interface Theme {
  readonly bodyClass: string;
  readonly variables: Readonly<Record<string, string | undefined>>;
}

export function themeFacts(name: ThemeName): Theme {
  return themes[name];
}
