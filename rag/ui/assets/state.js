// Keeps the page in step with the server: the state of the index in the header, and whether there is a server at all.

import { refresh } from "./ask/asking.js";
import { get, make, text, whenThere } from "./bridge.js";

const EVERY = 3000; // milliseconds

let last = null;
let isAway = false;

export async function start() {
  await whenThere(".kd-state");
  look();
  setInterval(() => document.visibilityState === "visible" && look(), EVERY);
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && look());
}

/** Asks the server once; the event "kd-state" tells the other parts what it said. */
async function look() {
  const now = await get("state");
  away(now === null);
  if (now === null) return;
  const before = last;
  last = now;
  const line = document.querySelector(".kd-state");
  const said = now.changed ? `${now.summary} · ${text("stale_index", { count: now.changed })}` : now.summary;
  if (line && line.textContent !== said) line.textContent = said;
  document.dispatchEvent(new CustomEvent("kd-state", { detail: { now, before } }));
  if (before && (before.identity !== now.identity || before.changed !== now.changed || before.edited !== now.edited)) {
    refresh(); // the cards say whether the notes still say so
  }
}

function away(is) {
  if (is === isAway) return;
  isAway = is;
  const bar = document.querySelector("#kd-away") ?? document.body.appendChild(make("div", { id: "kd-away", role: "alert" }));
  bar.textContent = text(is ? "server_away" : "server_back");
  bar.classList.toggle("kd-shown", true);
  if (!is) setTimeout(() => isAway || bar.classList.remove("kd-shown"), 2500);
}
