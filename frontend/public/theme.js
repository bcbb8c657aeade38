// Runs before the first paint, so that a chosen theme never flashes. Kept apart because the CSP allows no inline script.
try {
  var theme = localStorage.getItem("storemax.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch (fault) {
  document.documentElement.dataset.storage = "blocked"; // the theme then follows the system, which is the default
}
