const downloads = "https://update.code.visualstudio.com/api/releases/stable";
const patienceMs = 3_000;

/** Whether @vscode/test-electron can fetch the desktop VS Code, and a display is there to run it. */
export async function desktopIsPossible(): Promise<boolean> {
  const { DISPLAY, WAYLAND_DISPLAY } = process.env;
  if (!DISPLAY && !WAYLAND_DISPLAY) return false;
  try {
    const answer = await fetch(downloads, { signal: AbortSignal.timeout(patienceMs) });
    return answer.ok;
  } catch {
    return false;
  }
}
