// What Gradio's components leave out for those who do not see the page or do not use a mouse.

import { text, whenThere } from "./bridge.js";

export async function start() {
  const list = await whenThere('#kd-tabs [role="tablist"]');
  list.setAttribute("aria-label", text("name"));
  list.addEventListener("keydown", ({ key }) => {
    const tabs = [...list.querySelectorAll('[role="tab"]')];
    const place = tabs.indexOf(document.activeElement);
    const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
    if (step && place >= 0) tabs[(place + step + tabs.length) % tabs.length].focus();
  });
}
