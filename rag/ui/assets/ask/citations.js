// From an answer to its lines: a chip shows its passage on hover, and a click opens the card beside the chat.

import { make, onAction } from "../bridge.js";

const PAUSE = 120; // milliseconds before a passage shows, so that a mouse passing by opens nothing

let bubble;
let waiting;

export function start() {
  bubble = document.body.appendChild(make("div", { id: "kd-bubble", role: "tooltip", hidden: true }));
  document.addEventListener("mouseover", ({ target }) => follow(target));
  document.addEventListener("focusin", ({ target }) => follow(target));
  document.addEventListener("focusout", hide);
  document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
  document.addEventListener("scroll", ({ target }) => target !== bubble && !bubble.hidden && hide(), { capture: true, passive: true });
  document.addEventListener("click", (event) => {
    const chip = event.target.closest?.("a.kd-cite");
    if (!chip) return;
    event.preventDefault();
    hide();
    open(chip.hash.slice(1));
  });
  onAction("tab", (name) => {
    location.hash = name;
  });
}

/** Opens a card of the evidence and scrolls to it. */
export function open(name) {
  const card = document.getElementById(name);
  if (!card) return;
  for (let fold = card.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
  document.querySelectorAll(".kd-card.kd-shown").forEach((other) => other.classList.remove("kd-shown"));
  card.classList.add("kd-shown");
  const isStill = matchMedia("(prefers-reduced-motion: reduce)").matches;
  card.scrollIntoView({ block: "nearest", behavior: isStill ? "instant" : "smooth" });
  card.focus({ preventScroll: true });
}

function follow(target) {
  const chip = target.closest?.("a.kd-chip");
  clearTimeout(waiting);
  if (chip) waiting = setTimeout(() => show(chip), PAUSE);
  else if (!target.closest?.("#kd-bubble")) hide();
}

function show(chip) {
  const card = document.getElementById(chip.hash.slice(1));
  if (!card) return;
  chip.dataset.title ??= chip.title; // the browser's own tooltip would lie over it
  chip.removeAttribute("title");
  const parts = [".kd-source", ".kd-trail", ".kd-text"].map((part) => card.querySelector(part)?.cloneNode(true));
  bubble.replaceChildren(...parts.filter(Boolean).map(plain));
  bubble.hidden = false;
  const { left, top, bottom } = chip.getBoundingClientRect();
  const { width, height } = bubble.getBoundingClientRect();
  const below = bottom + 8 + height <= innerHeight || bottom < innerHeight / 2;
  bubble.style.left = `${Math.max(8, Math.min(left - 16, innerWidth - width - 8))}px`;
  bubble.style.top = `${Math.max(8, below ? bottom + 8 : top - 8 - height)}px`;
  chip.setAttribute("aria-describedby", bubble.id);
  bubble.scrollTop = Math.max(0, (bubble.querySelector("mark")?.offsetTop ?? 0) - 150);
}

/** A copy of a part of the card in which nothing can be pressed. */
function plain(part) {
  if (part.tagName !== "BUTTON") return part;
  const shown = make("div", { class: "kd-source" });
  shown.append(...part.childNodes);
  return shown;
}

function hide() {
  clearTimeout(waiting);
  if (bubble) bubble.hidden = true;
}
