// Before the first paint, so that nobody sees the wrong theme for a moment. A file of its own: the policy allows no
// inline script.
try {
  const chosen = localStorage.getItem("casewire-theme")
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen
} catch {
  // No storage: the system's theme it is.
}
