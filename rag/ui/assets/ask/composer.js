// The box for the question: its keys, and what the notes suggest while one types.
//
// / focuses it, ↑ brings back earlier questions, Enter sends, Esc closes the suggestions, ends editing, or stops.

import { get, make, text, whenThere } from "../bridge.js";
import { current } from "../router.js";
import { ask, isAsking } from "./asking.js";
import { turns } from "./conversation.js";
import { leave, sending } from "./editing.js";

const PAUSE = 90; // milliseconds without a key before the notes are asked what they suggest
const TWICE = 400; // milliseconds
const DRAFT = "kd-draft";

let box;
let list;
let options = [];
let active = -1;
let waiting;
let recalled = -1;
let asked = 0;
let sent = {};

export async function start() {
  box = await whenThere("#kd-question textarea");
  list = make("ul", { id: "kd-suggestions", role: "listbox", "aria-label": text("suggestions"), hidden: true });
  box.closest("#kd-ask").append(list);
  for (const [name, value] of Object.entries({
    "aria-autocomplete": "list", // a textarea may not be a combobox, but it may say this much
    "aria-haspopup": "listbox",
    "aria-controls": list.id,
    "aria-label": text("question"),
    autocomplete: "off",
  })) {
    box.setAttribute(name, value);
  }
  box.addEventListener("input", (event) => {
    recalled = -1;
    clearTimeout(waiting);
    if (event.isTrusted) waiting = setTimeout(suggest, PAUSE); // not for a question that is put there to be edited
  });
  box.addEventListener("keydown", onKey, { capture: true }); // before Gradio sends on Enter
  box.addEventListener("blur", () => setTimeout(() => document.activeElement === box || close(), 150));
  (await whenThere("#kd-send")).addEventListener("click", beforeSending, { capture: true });
  document.addEventListener("keydown", onPageKey);
  keepDraft();
}

/** What was typed outlives a reload: Gradio reloads the page when the server comes back. */
function keepDraft() {
  const draft = sessionStorage.getItem(DRAFT);
  if (draft && !box.value) write(draft);
  addEventListener("pagehide", () => sessionStorage.setItem(DRAFT, box.value || unanswered()));
}

function unanswered() {
  return isAsking() ? [...document.querySelectorAll("#kd-chat .kd-question")].at(-1).textContent : "";
}

function onPageKey(event) {
  const isTyping = event.target.closest?.("input, textarea, select, [contenteditable]");
  if (event.key === "/" && !isTyping && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    if (current() !== "ask") location.hash = "";
    focus();
  } else if (event.key === "Escape") stop();
}

/** Puts the keyboard into the box, as soon as its tab is shown. */
function focus() {
  if (box.checkVisibility()) box.focus();
  else if (current() === "ask") requestAnimationFrame(focus);
}

function stop() {
  const button = document.querySelector("#kd-stop");
  if (button?.checkVisibility()) button.click();
}

function onKey(event) {
  if (event.isComposing) return; // the keys belong to the input method
  const isOpen = !list.hidden;
  if (event.key === "Enter" && !event.shiftKey) {
    if (isOpen && active >= 0) {
      take(options[active]);
      event.preventDefault();
      event.stopImmediatePropagation();
    } else beforeSending(event);
  } else if (event.key === "Escape") {
    close(); // also what is still on its way
    if (!isOpen) {
      if (!leave()) return; // stop() follows
      write("");
    }
    event.stopPropagation();
  } else if (isOpen && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
    event.preventDefault();
    move(event.key === "ArrowDown" ? 1 : -1);
  } else if (event.key === "ArrowUp" && (box.value === "" || recalled >= 0)) {
    recall(1, event);
  } else if (event.key === "ArrowDown" && recalled >= 0) recall(-1, event);
}

function beforeSending(event) {
  if (isAsking() || isTwice()) {
    event.preventDefault(); // one question at a time: this one stays in the box
    event.stopImmediatePropagation();
    return;
  }
  sent = { question: box.value, at: performance.now(), shown: shown() };
  recalled = -1;
  close();
  if (box.value.trim()) sending();
}

/** Whether the same question was sent a moment ago and nothing has come of it yet: Enter was pressed twice. */
function isTwice() {
  return sent.question === box.value && sent.shown === shown() && performance.now() - sent.at < TWICE;
}

function shown() {
  return document.querySelectorAll("#kd-chat .kd-question").length;
}

function recall(step, event) {
  const questions = turns().map((turn) => turn.answer.question).reverse();
  const next = recalled + step;
  if (next >= questions.length) return;
  event.preventDefault();
  recalled = next;
  write(next < 0 ? "" : questions[next]);
}

function write(value) {
  const kept = recalled;
  Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value").set.call(box, value);
  box.dispatchEvent(new Event("input", { bubbles: true }));
  recalled = kept;
  clearTimeout(waiting);
}

// --------------------------------------------------------------------------------------------------------- suggestions

async function suggest() {
  const typed = box.value.trim();
  const number = ++asked;
  if (!typed || typed.length > 100) return close();
  const found = await get("suggest", { q: typed });
  if (number !== asked || document.activeElement !== box) return;
  options = found ?? [];
  active = -1;
  list.replaceChildren(...options.map(option));
  list.hidden = options.length === 0;
  box.removeAttribute("aria-activedescendant");
}

function option(suggestion, place) {
  const element = make(
    "li",
    { role: "option", id: `kd-suggestion-${place}`, "aria-selected": "false" },
    make("bdi", {}, ...bold(suggestion)),
    make("span", { class: "kd-from" }, `${suggestion.source}:${suggestion.line}`),
  );
  element.addEventListener("mousedown", (event) => event.preventDefault()); // the box keeps the focus
  element.addEventListener("click", () => take(suggestion));
  return element;
}

function bold({ text: title, spans }) {
  const characters = [...title]; // Python counts code points
  const pieces = [];
  let end = 0;
  for (const [from, to] of spans) {
    pieces.push(characters.slice(end, from).join(""), make("b", {}, characters.slice(from, to).join("")));
    end = to;
  }
  return [...pieces, characters.slice(end).join("")];
}

function move(step) {
  active = (active + step + options.length + 1) % (options.length + 1);
  if (active === options.length) active = -1; // the box itself
  [...list.children].forEach((element, place) => element.setAttribute("aria-selected", String(place === active)));
  if (active < 0) box.removeAttribute("aria-activedescendant");
  else {
    box.setAttribute("aria-activedescendant", `kd-suggestion-${active}`);
    list.children[active].scrollIntoView({ block: "nearest" });
  }
}

function take(suggestion) {
  close();
  ask(suggestion.text);
}

function close() {
  clearTimeout(waiting);
  asked++; // suggestions on their way come too late
  list.hidden = true;
  active = -1;
  box.removeAttribute("aria-activedescendant");
}
