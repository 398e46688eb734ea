/** User settings: VS Code without what asks for attention, so that pictures show the product. */
export const calmSettings = {
  "workbench.colorTheme": "Default Dark Modern",
  "workbench.startupEditor": "none",
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "workbench.tips.enabled": false,
  "chat.disableAIFeatures": true,
  "telemetry.telemetryLevel": "off",
  "extensions.ignoreRecommendations": true,
  "git.openRepositoryInParentFolders": "never",
  "remote.autoForwardPorts": false,
  "terminal.integrated.initialHint": false,
  "terminal.integrated.suggest.enabled": false,
} as const;

/** The DOM renderer puts a terminal's text where a test can read it. */
export const testSettings = {
  ...calmSettings,
  "security.workspace.trust.enabled": false,
  "git.enabled": false,
  "terminal.integrated.gpuAcceleration": "off",
  "terminal.integrated.confirmOnKill": "never",
  "terminal.integrated.cursorBlinking": false,
  "editor.cursorBlinking": "solid",
  "editor.minimap.enabled": false,
  "workbench.layoutControl.enabled": false,
  "workbench.reduceMotion": "on",
} as const;
