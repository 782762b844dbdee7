"use strict";
// What pages gain by a script; all of them work without.

const root = document.documentElement;

// --- theme: system, light, dark, and again
const THEMES = ["system", "light", "dark"];
const toggle = document.querySelector("[data-theme-toggle]");
if (toggle) {
  const name = toggle.querySelector("[data-theme-name]");
  const show = () => {
    name.textContent = root.dataset.theme ?? "system";
  };
  toggle.addEventListener("click", () => {
    const next = THEMES[(THEMES.indexOf(root.dataset.theme ?? "system") + 1) % THEMES.length];
    if (next === "system") delete root.dataset.theme;
    else root.dataset.theme = next;
    try {
      if (next === "system") localStorage.removeItem("theme");
      else localStorage.setItem("theme", next);
    } catch {
      // Kept for this page alone.
    }
    show();
    root.dispatchEvent(new CustomEvent("themechange"));
  });
  show();
  toggle.hidden = false;
}

// --- times: the server writes the exact one, which stays true in a kept page; how long ago that is changes
const WEEK = 604_800;
const UNITS = [
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
];
const words = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
function told(time) {
  const seconds = (Date.parse(time.dateTime) - Date.now()) / 1000;
  // Of what is older nobody wants to count back.
  if (Math.abs(seconds) >= WEEK) return time.title;
  for (const [unit, size] of UNITS) {
    if (Math.abs(seconds) >= size) return words.format(Math.round(seconds / size), unit);
  }
  return "just now";
}
function tellTimes() {
  for (const time of document.querySelectorAll("time[data-relative]")) {
    time.textContent = told(time);
  }
}
tellTimes();
setInterval(tellTimes, 30_000);
// On paper nobody can look the exact time up.
addEventListener("beforeprint", () => {
  for (const time of document.querySelectorAll("time[data-relative]")) time.textContent = time.title;
  for (const details of document.querySelectorAll("details")) details.open = true;
});
addEventListener("afterprint", tellTimes);

// --- a photo whose file is gone by now
document.addEventListener(
  "error",
  (event) => {
    if (!(event.target instanceof HTMLImageElement)) return;
    const instead = document.createElement("span");
    instead.className = "no-photo";
    instead.setAttribute("role", "img");
    instead.setAttribute("aria-label", event.target.alt);
    instead.textContent = "No picture";
    event.target.replaceWith(instead);
  },
  true,
);

// --- what mends itself: look again until it did
const trouble = document.querySelector("[data-retry]");
if (trouble) {
  const status = trouble.querySelector("[data-retry-status]");
  const again = async () => {
    try {
      const answer = await fetch(location.href, { cache: "no-store", headers: { Accept: "text/html" } });
      const [, title] = (await answer.text()).match(/<title>([^<]*)/) ?? [];
      // Another trouble is news, too: the database is back, and the warehouse not built.
      if (answer.ok || title !== document.title) {
        location.reload();
        return;
      }
      status.textContent = `Not yet (looked at ${new Date().toLocaleTimeString()}). This page goes on looking.`;
    } catch {
      status.textContent = "The service itself does not answer now. This page goes on looking.";
    }
    setTimeout(again, trouble.dataset.retry * 1000);
  };
  setTimeout(again, trouble.dataset.retry * 1000);
}
