// What the other modules have in common: texts, actions of our own buttons, and calls to Python.

const texts = JSON.parse(document.getElementById("kd-words").textContent);

/** The sentence of rag/ui/words/ called `name`, with {placeholders} filled in. */
export function text(name, values = {}) {
  return texts[name].replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole);
}

export const language = texts.language;

/** Where routes of the same name answer: "" or "/en". */
export const base = document.querySelector('meta[name="kd-base"]').content;

/** Resolves with the first element that matches, as soon as Gradio has made it and it is what is meant. */
export function whenThere(selector, isMeant = () => true) {
  return new Promise((resolve) => {
    const look = () => {
      const found = document.querySelector(selector);
      if (found && isMeant(found)) resolve(found);
      else requestAnimationFrame(look);
    };
    look();
  });
}

/** Calls `changed` once now and after each batch of changes below the element that matches. */
export async function onChange(selector, changed) {
  const area = await whenThere(selector);
  let waiting = false;
  new MutationObserver(() => {
    if (waiting) return;
    waiting = true;
    queueMicrotask(() => {
      waiting = false;
      changed(area);
    });
  }).observe(area, { childList: true, subtree: true, characterData: true });
  changed(area);
}

/** Writes into a text box of Gradio, as if it were typed. */
export function fill(selector, value) {
  const box = document.querySelector(selector);
  Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value").set.call(box, value);
  box.dispatchEvent(new Event("input", { bubbles: true }));
}

let sent = 0;

/** Hands `value` to the Python function that listens to `components.command(id)`. */
export async function send(id, value) {
  await whenThere(`#${id} textarea`);
  fill(`#${id} textarea`, JSON.stringify({ ...value, sent: ++sent }));
}

const actions = new Map();

/** Calls `handler(argument, button)` when a `<button class="kd-do" name=… value=…>` is pressed. */
export function onAction(name, handler) {
  actions.set(name, handler);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("button.kd-do");
  if (!button || button.disabled) return;
  event.preventDefault();
  actions.get(button.name)?.(button.value, button);
});

/** Fetches JSON from a route of rag/ui/routes.py; null when the server is away or refuses. */
export async function get(path, values = {}) {
  try {
    const answer = await fetch(`${base}/kuaida/${path}?${new URLSearchParams(values)}`);
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}

/** Sends JSON to such a route; returns its answer, {error} when it refuses, null when the server is away. */
export async function post(path, value) {
  try {
    const answer = await fetch(`${base}/kuaida/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(value),
    });
    return await answer.json();
  } catch {
    return null;
  }
}

/** Makes an element: make("a", { class: "x", href: "#y" }, "text", child). Text stays text. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

let toast;

/** Says one sentence for a moment, aloud too. */
export function say(sentence) {
  toast ??= document.body.appendChild(make("div", { class: "kd-toast", role: "status", "aria-live": "polite" }));
  toast.textContent = sentence;
  toast.classList.add("kd-shown");
  clearTimeout(say.timer);
  say.timer = setTimeout(() => toast.classList.remove("kd-shown"), 3000);
}

/** Opens the tab: "ask", "notes", "index" or "map". */
export async function showTab(name) {
  const button = await whenThere(`#kd-tabs [role="tab"][data-tab-id="${name}"]`);
  if (button.getAttribute("aria-selected") !== "true") button.click();
}

/** Opens a note at its lines; the browser's back button returns. `source` as in passages, not encoded. */
export function openNote(source, first = 0, last = first) {
  const lines = first ? `:${first}-${last}` : "";
  location.hash = `notes=${encodeURIComponent(source)}${lines}`; // router.js does the rest
}

// value: a quoted source, and ":first-last" behind it where lines are meant
onAction("open", (place) => {
  const [, source, first, last] = /^(.*?)(?::(\d+)-(\d+))?$/.exec(place);
  openNote(decodeURIComponent(source), Number(first ?? 0), Number(last ?? 0));
});

onAction("copy", async (value) => {
  await copy(value);
});

/** Copies to the clipboard and says so. */
export async function copy(value) {
  try {
    await navigator.clipboard.writeText(value);
    say(text("copied"));
  } catch {
    say(text("copy_failed"));
  }
}
