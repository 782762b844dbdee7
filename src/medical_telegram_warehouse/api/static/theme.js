"use strict";
// In the head and not deferred: the page is drawn in its theme from the first moment on.
document.documentElement.classList.add("scripted");
try {
  const theme = localStorage.getItem("theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Storage is switched off; the system's theme does.
}
