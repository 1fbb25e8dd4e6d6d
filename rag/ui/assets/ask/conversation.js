// The conversation of this tab: kept in this browser, so that neither a reload nor a restarted server loses it.
//
// Python is handed the whole conversation with every question and hands it back with the answer (ask/tab.py); what it
// hands back is kept here. Two tabs never share a conversation: a duplicate goes on in a copy.

import { fill, send } from "../bridge.js";
import { KEY, read, write } from "./records.js";

export const BOX = "#kd-conversation textarea";

const RELOADING = 1000; // milliseconds that a page may hold its conversation after it was left
const NONE = "[]"; // no turns, as rag/serving/turns.py writes them

const own = {
  name: sessionStorage.getItem("kd-conversation"),
  kept: NONE, // its turns, as rag/serving/turns.py writes them
  isClaimed: true, // false while another tab may have the same conversation
  release: () => {}, // lets other tabs have the one of this name
};

/** The turns, as rag/serving/turns.py writes them. */
export function turns() {
  return JSON.parse(own.kept);
}

export function turn(number) {
  return turns().find((one) => one.number === number);
}

export function isEmpty() {
  return own.kept === NONE;
}

/** Whether the record of that name is the one of this tab. */
export function isOwn(name) {
  return name === own.name;
}

/** Takes the conversation of this tab, or a copy of it when another tab has it (a tab that was duplicated). */
export function claim() {
  if (!own.name) return rename();
  own.kept = read(own.name)?.turns ?? NONE;
  own.isClaimed = false;
  lock(own.name, RELOADING).then((isOurs) => {
    own.isClaimed = true;
    if (!isOurs) rename();
    save();
  });
  if (!isEmpty()) restore();
}

/** Goes on with another conversation, or with a copy of it when another tab has it. */
export async function takeUp(name, kept = NONE) {
  save();
  own.kept = kept;
  const isOurs = rename(name);
  restore();
  if (!(await isOurs)) rename();
}

/** Drops the turn of that number and those after it; when some come after it, all stay in a record of their own. */
export function cutBefore(number) {
  const all = turns();
  const place = all.findIndex((one) => one.number === number);
  if (place < all.length - 1) {
    write(own.name, own.kept); // the conversation as it was
    rename();
  }
  own.kept = JSON.stringify(all.slice(0, place));
  fill(BOX, own.kept);
}

/** Keeps what came from Python; the event "kd-conversation" tells the other parts. */
export function save() {
  const now = document.querySelector(BOX)?.value;
  if (!now || now === own.kept || !own.isClaimed) return; // nothing came from Python yet, or nothing new
  own.kept = now;
  if (isEmpty()) rename(); // Python could not read it: the record stays, and this tab begins another
  else write(own.name, own.kept);
  document.dispatchEvent(new CustomEvent("kd-conversation"));
}

function restore() {
  fill(BOX, own.kept); // at once: until Python answers, `save` would keep the conversation before under this name
  send("kd-command-restore", { conversation: isEmpty() ? "" : own.kept });
}

/** Goes on under a name of its own; resolves to whether no other tab has it. */
function rename(name = crypto.randomUUID()) {
  own.name = name;
  sessionStorage.setItem("kd-conversation", name);
  own.release();
  return lock(name);
}

/** Resolves to whether the name could be had within so many milliseconds; it is held until `release` or the end. */
function lock(name, patience = 0) {
  const options = patience ? { signal: AbortSignal.timeout(patience) } : { ifAvailable: true };
  return new Promise((resolve) => {
    const held = navigator.locks.request(KEY + name, options, (got) => {
      resolve(got !== null);
      return got && new Promise((free) => (own.release = free));
    });
    held.catch(() => resolve(false));
  });
}
