// The tab of the index: asks for it again when the server says that something changed, and hands on its buttons.

import { onAction, send, text, whenThere } from "../bridge.js";
import { current } from "../router.js";

const AGES = 20_000; // milliseconds between two looks at "3 minutes ago"

let seen = "";

export function start() {
  document.addEventListener("kd-state", ({ detail: { now } }) => {
    const told = JSON.stringify([now.identity, now.changed, now.edited, now.watching, now.rebuilds]);
    if (told === seen) return;
    seen = told;
    if (current() === "index") refresh(); // at first, too: what Gradio sent is as old as the server
  });
  window.addEventListener("hashchange", () => current() === "index" && refresh());
  onAction("gap-fill", fill);
  onAction("gap-settle", (question) => send("kd-command-gap-settle", { question }));
  onAction("index-unpin", (question) => send("kd-command-unpin", { question }));
  // else what is typed to find a note goes behind the name of the one that is chosen; `click` too, as the mouse
  // button that gave the focus takes the selection away again when it comes up
  for (const event of ["focusin", "click"]) {
    document.addEventListener(event, ({ target }) => {
      if (target.matches?.("#kd-fill-note input")) target.select();
    });
  }
  setInterval(ages, AGES);
}

function refresh() {
  send("kd-command-index", {});
}

/** Opens the form for a question, which is above the lists: shows it, and puts the keyboard there. */
async function fill(question) {
  send("kd-command-gap-fill", { question });
  const title = await whenThere("#kd-fill h3", (found) => found.textContent.includes(question)); // not of the last one
  title.focus({ preventScroll: true });
  title.closest("#kd-fill").scrollIntoView({ block: "nearest" });
}

function ages() {
  if (current() !== "index") return;
  for (const element of document.querySelectorAll(".kd-ago")) {
    const at = /kd-at-(\d+)/.exec(element.className)?.[1];
    const said = age(Date.now() / 1000 - Number(at));
    if (element.textContent !== said) element.textContent = said;
  }
}

function age(seconds) {
  if (seconds < 60) return text("just_now");
  if (seconds < 3_600) return text("minutes_ago", { count: Math.floor(seconds / 60) });
  if (seconds < 86_400) return text("hours_ago", { count: Math.floor(seconds / 3_600) });
  return text("days_ago", { count: Math.floor(seconds / 86_400) });
}
