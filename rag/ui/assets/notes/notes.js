// The notes tab: which note is shown stands in the address (router.js), how it is shown is kept in this browser.

import { onAction, onChange, send, whenThere } from "../bridge.js";

const KEPT = "kd-note-view";
const COMES = 60_000; // milliseconds in which a note may still come
const SETTLES = 2000; // milliseconds in which formulas may still move what is looked for, once it is there
const ITEMS = "summary, button.kd-do";

let view = { raw: false, borders: false };
let seeking = null; // the lines that are being scrolled to
let staying = null; // the line at the top, while the note is shown in another way
let isComparing = false;
let isCompared = false;

export async function start() {
  view = { ...view, ...remembered() };
  const tab = await whenThere("#kd-notes");
  show({});
  onAction("note-view", (how) => show({ raw: how === "raw" }));
  onAction("note-borders", (how) => show({ borders: how === "on" }));
  onAction("note-part", (line) => show({ around: Number(line) }));
  onAction("note-list", back);
  onAction("twins", compare);
  onChange("#kd-note", dress);
  onChange("#kd-notes-list", dress);
  for (const kind of ["wheel", "touchstart", "pointerdown", "keydown"]) {
    tab.addEventListener(kind, () => (seeking = null), { passive: true });
  }
  tab.querySelector("#kd-notes-list").addEventListener("keydown", walk);
  window.addEventListener("hashchange", follow);
  document.addEventListener("click", again, true);
  document.addEventListener("kd-state", ({ detail }) => renew(detail));
  send("kd-command-notes", {}); // the tree that Gradio sent is as old as the server
  follow();
}

// ----------------------------------------------------------------------------------------------- which note, and where

/** The place that the address names, null without one. */
function place() {
  const [, source, first] = /^#notes=(.*?)(?::(\d+)-(\d+))?$/.exec(location.hash) ?? [];
  try {
    return source ? { source: decodeURIComponent(source), first: Number(first ?? 0) } : null;
  } catch {
    return null;
  }
}

/** The note that is on the page, named by the address or not; undefined for none. */
function shown() {
  return document.querySelector("#kd-note .kd-note-place bdi")?.textContent;
}

function follow() {
  const meant = place();
  const isOpen = meant !== null;
  const tab = document.querySelector("#kd-notes");
  if (!isOpen && location.hash !== "#notes") return;
  if (isOpen) {
    view.around = 0;
    staying = null; // a line of the note before
  }
  tab.classList.toggle("kd-reading", isOpen);
  tab.classList.toggle("kd-comparing", !isOpen && isComparing);
  if (isOpen) seek(meant);
  dress();
}

/** Scrolls to the lines that are meant as soon as they are there, and until formulas above have found their height. */
function seek(meant) {
  const own = { until: performance.now() + COMES, piece: null, top: null };
  seeking = own;
  const look = () => {
    if (seeking !== own || performance.now() > own.until) return;
    const piece = target(meant);
    const top = piece?.getBoundingClientRect().top;
    if (piece && (piece !== own.piece || Math.abs(top - own.top) > 2)) {
      const isTitle = piece.matches(".kd-note-title");
      (isTitle ? piece.parentElement : piece).scrollIntoView({ block: isTitle ? "start" : "center", inline: "nearest" });
      if (own.piece === null) own.until = performance.now() + SETTLES;
      if (piece !== own.piece) focus(piece);
      own.piece = piece;
      own.top = piece.getBoundingClientRect().top;
    }
    setTimeout(look, 60);
  };
  look();
}

function target({ source, first }) {
  const note = document.querySelector("#kd-note");
  if (shown() !== source) return null;
  const marked = [...note.querySelectorAll(".kd-marked, .kd-lost")].find((piece) => piece.getClientRects().length > 0);
  const piece = (first && marked) || note.querySelector(".kd-note-title");
  return piece?.getClientRects().length ? piece : null;
}

function focus(piece) {
  if (!piece.hasAttribute("tabindex")) piece.setAttribute("tabindex", "-1");
  piece.focus({ preventScroll: true });
}

/** A place that is open already does not change the address: then it is only scrolled to. */
function again(event) {
  const button = event.target.closest?.('button.kd-do[name="open"]');
  if (button && `#notes=${button.value}` === location.hash.replace(/[!'()*]/g, escaped)) follow();
}

function escaped(character) {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}

function back() {
  isComparing = false;
  if (location.hash !== "#notes") location.hash = "notes";
  follow(); // at once: what is hidden on a phone takes no focus
  const leaf = document.querySelector("#kd-notes-tree .kd-leaf-open") ?? document.querySelector("#kd-notes-tree .kd-leaf");
  leaf?.focus();
}

function compare() {
  isComparing = true;
  if (!isCompared) send("kd-command-twins", {});
  isCompared = true;
  if (location.hash === "#notes") follow();
  else location.hash = "notes";
}

// ------------------------------------------------------------------------------------------------------ how it is shown

function show(how) {
  view = { ...view, ...how };
  const { raw, borders } = view;
  localStorage.setItem(KEPT, JSON.stringify({ raw, borders }));
  staying = how.around ? how.around : topLine();
  send("kd-command-note", view);
}

function remembered() {
  try {
    const { raw, borders } = JSON.parse(localStorage.getItem(KEPT));
    return { raw: raw === true, borders: borders === true };
  } catch {
    return {};
  }
}

/** The first line of the note that is not scrolled out of sight, null when the note is at its beginning. */
function topLine() {
  const area = document.querySelector("#kd-notes-read");
  const above = Math.max(area.getBoundingClientRect().top, 0);
  const title = area.querySelector(".kd-note-title");
  if (!title || title.getBoundingClientRect().bottom > above) return null;
  const piece = [...area.querySelectorAll(".kd-l")].find((one) => one.getBoundingClientRect().bottom > above + 4);
  return Number(/\bkd-l(\d+)\b/.exec(piece?.className ?? "")?.[1]) || null;
}

function stay() {
  if (staying === null) return;
  const line = staying;
  staying = null;
  for (let near = line; near < line + 20; near++) {
    const piece = document.querySelector(`#kd-note .kd-l${near}`);
    if (piece?.getClientRects().length) return piece.scrollIntoView({ block: "start" });
  }
}

/** Says to those who hear the page what the looks say: which switch is on, which note is open. */
function dress() {
  for (const toggle of document.querySelectorAll("#kd-note .kd-toggle")) {
    const isOn = String(toggle.classList.contains("kd-on"));
    if (toggle.getAttribute("aria-pressed") !== isOn) toggle.setAttribute("aria-pressed", isOn);
  }
  const source = place()?.source ?? (isComparing ? undefined : shown());
  for (const leaf of document.querySelectorAll("#kd-notes-tree .kd-leaf")) {
    const isCurrent = source !== undefined && decodeURIComponent(leaf.value) === source;
    if (leaf.classList.contains("kd-leaf-open") === isCurrent) continue;
    leaf.classList.toggle("kd-leaf-open", isCurrent);
    if (isCurrent) leaf.setAttribute("aria-current", "true");
    else leaf.removeAttribute("aria-current");
  }
  stay();
}

/** Shows notes and tree as they are now, after a rebuild or when a file changed. */
function renew({ now, before }) {
  if (!before) return;
  if (before.identity === now.identity && before.changed === now.changed && before.edited === now.edited) return;
  send("kd-command-notes", {});
  if (isCompared && before.identity !== now.identity) send("kd-command-twins", {});
  if (place() || shown()) send("kd-command-note", view);
}

// ---------------------------------------------------------------------------------------------------------- by keyboard

function walk(event) {
  const list = event.currentTarget;
  const items = [...list.querySelectorAll(ITEMS)].filter((item) => item.getClientRects().length > 0);
  const at = document.activeElement;
  const query = at.closest("#kd-notes-query") !== null;
  const item = items.indexOf(at);
  if (query && event.key === "Enter") {
    event.preventDefault();
    (list.querySelector("#kd-notes-found .kd-leaf") ?? list.querySelector("#kd-notes-tree .kd-leaf"))?.click();
  } else if (event.key === "ArrowDown") {
    event.preventDefault();
    items[query ? 0 : Math.min(item + 1, items.length - 1)]?.focus();
  } else if (event.key === "ArrowUp" && !query) {
    event.preventDefault();
    (items[item - 1] ?? list.querySelector("#kd-notes-query :is(input, textarea)")).focus();
  } else if (event.key === "ArrowRight" && at.matches("summary")) {
    at.parentElement.open = true;
  } else if (event.key === "ArrowLeft" && item >= 0) {
    const folder = at.matches("summary") && at.parentElement.open ? at : at.closest("li")?.parentElement.closest("details")?.querySelector("summary");
    if (at.matches("summary") && at.parentElement.open) at.parentElement.open = false;
    folder?.focus();
  }
}
