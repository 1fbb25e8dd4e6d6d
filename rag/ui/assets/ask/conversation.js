// The conversation of this tab: kept in this browser, so that neither a reload nor a restarted server loses it.
//
// Python is handed the whole conversation with every question and hands it back with the answer (ask/tab.py); what it
// hands back is kept here. Two tabs never share a conversation: a duplicate goes on in a copy.

import { fill, send } from "../bridge.js";
import { KEY, read, write } from "./records.js";

export const BOX = "#kd-conversation textarea";

const NONE = "[]"; // no turns, as rag/serving/turns.py writes them

const own = {
  name: sessionStorage.getItem("kd-conversation"),
  kept: NONE, // its turns, as rag/serving/turns.py writes them
  isOurs: false, // whether what comes next is kept under this name: false while another tab may have it
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

/** Takes the conversation of this tab; when another tab has it (a tab that was duplicated), what is asked next copies it. */
export function claim() {
  if (!own.name) return begin();
  own.kept = read(own.name)?.turns ?? NONE;
  hold(own.name);
  if (!isEmpty()) restore();
}

/** Goes on with another conversation, or begins one. */
export function takeUp(name, kept) {
  save();
  own.kept = kept ?? NONE;
  if (name) hold(name);
  else begin();
  restore();
}

/** Drops the turn of that number and those after it; when some come after it, all stay in a record of their own. */
export function cutBefore(number) {
  const all = turns();
  const place = all.findIndex((one) => one.number === number);
  if (place < all.length - 1) {
    if (own.isOurs) write(own.name, own.kept); // the conversation as it was
    begin();
  }
  own.kept = JSON.stringify(all.slice(0, place));
  fill(BOX, own.kept);
}

/** Keeps what came from Python; the event "kd-conversation" tells the other parts. */
export function save() {
  const now = document.querySelector(BOX)?.value;
  if (!now || now === own.kept) return; // nothing came from Python yet, or nothing new
  own.kept = now;
  if (isEmpty() || !own.isOurs) begin(); // Python could not read it, or another tab has it: that record stays
  if (!isEmpty()) write(own.name, own.kept);
  document.dispatchEvent(new CustomEvent("kd-conversation"));
}

function restore() {
  fill(BOX, own.kept); // at once: until Python answers, `save` would keep the conversation before under this name
  send("kd-command-restore", { conversation: isEmpty() ? "" : own.kept });
}

/** Goes on under a name that no tab has. */
function begin() {
  hold(crypto.randomUUID());
  own.isOurs = true;
}

/**
 * Goes on under that name. It is this tab's own from the moment that no other tab holds it (one that is being reloaded
 * still does for a while), if what is kept there still is what this tab shows.
 */
function hold(name) {
  own.release();
  own.name = name;
  own.isOurs = false;
  sessionStorage.setItem("kd-conversation", name);
  const released = new Promise((free) => (own.release = free));
  navigator.locks.request(KEY + name, () => {
    if (own.name === name) own.isOurs ||= (read(name)?.turns ?? NONE) === own.kept;
    return released;
  });
}
