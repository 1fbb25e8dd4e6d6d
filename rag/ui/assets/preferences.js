// Language and theme: what a person chose is kept in the browser; until then the system decides.

import { base, language, onAction, text } from "./bridge.js";

const THEMES = ["system", "light", "dark"];
const dark = matchMedia("(prefers-color-scheme: dark)");

export function start() {
  onAction("language", () => {
    localStorage.setItem("kd-language", language === "en" ? "zh-CN" : "en");
    location.replace(`${base === "" ? "/en/" : "/"}${location.hash}`);
  });
  onAction("theme", (_, button) => {
    const next = THEMES[(THEMES.indexOf(chosen()) + 1) % THEMES.length];
    localStorage.setItem("kd-theme", next);
    apply();
    label(button);
  });
  dark.addEventListener("change", apply);
  // Gradio sets .dark on <body> by the system's preference when it mounts
  new MutationObserver(apply).observe(document.body, { attributes: true, attributeFilter: ["class"] });
  apply();
  const find = () => document.querySelector('.kd-do[name="theme"]');
  new MutationObserver(() => find() && label(find())).observe(document.body, { childList: true, subtree: true });
}

function chosen() {
  const kept = localStorage.getItem("kd-theme");
  return THEMES.includes(kept) ? kept : "system";
}

function apply() {
  const isDark = chosen() === "dark" || (chosen() === "system" && dark.matches);
  for (const element of [document.documentElement, document.body]) {
    if (element.classList.contains("dark") !== isDark) element.classList.toggle("dark", isDark);
  }
}

function label(button) {
  const said = text(`theme_${chosen()}`);
  if (button.title !== said) {
    button.title = said;
    button.setAttribute("aria-label", said);
    for (const theme of THEMES) button.classList.toggle(`kd-icon-${theme}`, theme === chosen()); // assets/icons.css
  }
}
