/** Light, dark, or as the system says. public/theme.js applies the choice before the first paint. */

export type Theme = "system" | "light" | "dark";

const KEY = "storemax.theme";

export function chosenTheme(): Theme {
  const now = document.documentElement.dataset["theme"];
  return now === "light" || now === "dark" ? now : "system";
}

export function chooseTheme(theme: Theme): void {
  if (theme === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
  if (document.documentElement.dataset["storage"] === "blocked") return; // the choice then lasts as long as the page
  if (theme === "system") localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, theme);
}
