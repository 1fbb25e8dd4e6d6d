// The address: #ask, #notes, #notes=<source>:<first>-<last>, #index, #map. The back button goes where one came from.

import { send, showTab, whenThere } from "./bridge.js";

const TABS = ["ask", "notes", "index", "map"];

export async function start() {
  const list = await whenThere('#kd-tabs [role="tablist"]');
  list.addEventListener("click", (event) => {
    const name = event.target.closest?.('[role="tab"]')?.dataset.tabId;
    if (name && name !== current()) location.hash = name === "ask" ? "" : name;
  });
  window.addEventListener("hashchange", follow);
  follow();
}

/** The tab that the address names. */
export function current() {
  const name = location.hash.slice(1).split("=")[0];
  return TABS.includes(name) ? name : "ask";
}

function follow() {
  showTab(current());
  const [, source, first, last] = /^#notes=(.*?)(?::(\d+)-(\d+))?$/.exec(location.hash) ?? [];
  if (source === undefined) return;
  try {
    send("kd-command-open", { source: decodeURIComponent(source), first: Number(first ?? 0), last: Number(last ?? 0) });
  } catch {
    // not an address of ours
  }
}
