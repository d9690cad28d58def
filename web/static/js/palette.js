/** The page's colours for what is drawn on a canvas; they follow the system's light or dark. */

const NAMES = ["surface", "text", "muted", "line", "grid", "up", "down", "fast", "slow", "rsi", "buy", "sell", "session", "gap"];

/** The colours as they are now, by name. */
export function palette() {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}

/** Call back when light turns to dark or the other way round. */
export function onScheme(listener) {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", listener);
}
