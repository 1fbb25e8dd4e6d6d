// Runs before anything is painted: the language that was chosen, or the system's, and the theme.

(() => {
  const kept = localStorage.getItem("kd-language");
  const wanted = kept ?? (navigator.languages.some((name) => name.startsWith("zh")) ? "zh-CN" : "en");
  if (wanted !== document.documentElement.lang) {
    document.documentElement.dataset.kdLeaving = ""; // else page.js starts while the other page is on its way
    location.replace((wanted === "en" ? "/en/" : "/") + location.search + location.hash);
  }
  const theme = localStorage.getItem("kd-theme");
  const isDark = theme === "dark" || (theme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.classList.toggle("dark", isDark);
})();
