// The conversation: kept in this browser, a record each, so that neither a reload nor a restarted server loses one.
//
// Python is handed the whole conversation with every question and hands it back with the answer (tabs/ask.py); what it
// hands back is written to localStorage here. Two tabs never share a conversation: a duplicate goes on in a copy.

import { copy, fill, make, onAction, onChange, send, text, whenThere } from "./bridge.js";

const KEY = "kd-conversation-";
const MOST = 100; // conversations; the oldest goes first
const RELOADING = 1000; // milliseconds that a page may hold its conversation after it was left
const CROSSING = 2000; // milliseconds in which cards of a refresh may come after those of an answer
const BOX = "#kd-conversation textarea";

let id = sessionStorage.getItem("kd-conversation");
let isClaimed = true; // false while another tab may have the same conversation
let release = () => {}; // lets other tabs have the conversation of this one
let kept = "[]";
let isDue = false; // the cards are to be checked when the answer is there
let refreshed = -Infinity; // when they were checked last
let pendingEdit = null; // the number of the turn that is being edited

export async function start() {
  await whenThere(BOX);
  claim();
  if (kept !== "[]") restore(kept);
  onChange("#kd-chat", (chat) => {
    follow(chat);
    setTimeout(save, 60); // when Gradio has updated its boxes, too
  });
  addEventListener("pagehide", save);
  addEventListener("storage", drawMenu); // another tab has kept something
  drawMenu();

  onAction("ask", ask);
  onAction("retry", (number) => again(Number(number)));
  onAction("edit", (number) => edit(Number(number)));
  onAction("copy-answer", (number) => copy(asMarkdown(turn(number))));
  onAction("copy-link", (number) => copy(link(turn(number).answer.question)));
  onAction("good", (number) => send("kd-command-rate", { turn: Number(number), good: true }));
  onAction("bad", askWhy);
  onAction("pin", (number) => send("kd-command-pin", { turn: Number(number), pinned: true }));
  onAction("unpin", (number) => send("kd-command-pin", { turn: Number(number), pinned: false }));
  onAction("new", begin);
  onAction("export", download);
  askFromAddress();
}

/** The turns of this conversation, as rag/ui/turns.py writes them. */
export function turns() {
  return JSON.parse(kept);
}

/** Asks `question`, as if it were typed and sent. */
export function ask(question) {
  fill("#kd-question textarea", question);
  document.querySelector("#kd-send").click();
}

/** Checks the cards against the notes as they are now; not while a question is answered, but then afterwards. */
export function refresh() {
  isDue = isAsking();
  if (isDue || kept === "[]") return;
  refreshed = performance.now();
  send("kd-command-refresh", {});
}

/** Whether a question is being answered. */
export function isAsking() {
  return document.querySelector("#kd-chat .kd-searching") !== null;
}

const SETTLING = 800; // milliseconds in which Gradio still draws an answer that is there

let shown = 0;
let settled = 0; // when the last answer will have been drawn

/** Keeps a question that is new at the top while its answer comes, so that it is read from the beginning. */
function follow(chat) {
  const questions = chat.querySelectorAll(".kd-question");
  if (questions.length > shown || isAsking()) settled = performance.now() + SETTLING;
  shown = questions.length;
  if (performance.now() > settled || shown === 0) return;
  const last = questions[shown - 1];
  const area = last.closest(".bubble-wrap");
  const above = last.getBoundingClientRect().top - area.getBoundingClientRect().top;
  if (area.scrollHeight > area.clientHeight) area.scrollTop += above - 12;
  else last.scrollIntoView({ block: "nearest" });
}

// ------------------------------------------------------------------------------------------------------------ keeping

/** Takes the conversation of this tab, or a copy of it when another tab has it (a tab that was duplicated). */
function claim() {
  if (!id) return rename();
  kept = read(id)?.turns ?? "[]";
  isClaimed = false;
  lock(id, RELOADING).then((isOurs) => {
    isClaimed = true;
    if (!isOurs) rename();
    save();
  });
}

/** Goes on under a name of its own; resolves to whether no other tab has it. */
function rename(name = crypto.randomUUID()) {
  id = name;
  sessionStorage.setItem("kd-conversation", id);
  release();
  return lock(id);
}

/** Resolves to whether the name could be had within so many milliseconds; it is held until `release` or the end. */
function lock(name, patience = 0) {
  const options = patience ? { signal: AbortSignal.timeout(patience) } : { ifAvailable: true };
  return new Promise((resolve) => {
    const held = navigator.locks.request(KEY + name, options, (got) => {
      resolve(got !== null);
      return got && new Promise((free) => (release = free));
    });
    held.catch(() => resolve(false));
  });
}

function read(name) {
  try {
    const record = JSON.parse(localStorage.getItem(KEY + name));
    return Array.isArray(JSON.parse(record.turns)) ? record : null;
  } catch {
    return null;
  }
}

function save() {
  const now = document.querySelector(BOX)?.value;
  if (!now || now === kept || !isClaimed) return; // nothing came from Python yet, or nothing new
  kept = now;
  if (kept === "[]") rename(); // Python could not read it: the record stays, and this tab begins another
  else write(id, kept);
  if (isDue || performance.now() - refreshed < CROSSING) refresh();
  document.dispatchEvent(new CustomEvent("kd-conversation"));
  drawMenu();
}

function write(name, record) {
  const all = records();
  for (const { name: old } of all.slice(MOST - 1)) if (old !== name) localStorage.removeItem(KEY + old);
  for (;;) {
    try {
      localStorage.setItem(KEY + name, JSON.stringify({ turns: record, changed: Date.now() }));
      return;
    } catch {
      const oldest = records().findLast((one) => one.name !== name);
      if (!oldest) return; // this conversation alone is too long for the browser; it stays on the page
      localStorage.removeItem(KEY + oldest.name);
    }
  }
}

/** Every conversation that is kept, the last one first. */
function records() {
  return Object.keys(localStorage)
    .filter((key) => key.startsWith(KEY))
    .map((key) => ({ name: key.slice(KEY.length), ...read(key.slice(KEY.length)) }))
    .filter((record) => record.turns)
    .sort((one, other) => other.changed - one.changed);
}

function restore(record) {
  fill(BOX, record); // at once: until Python answers, `save` would keep the conversation before under this name
  send("kd-command-restore", { conversation: record === "[]" ? "" : record });
}

function begin() {
  if (leave()) fill("#kd-question textarea", "");
  switchTo(crypto.randomUUID(), "[]");
  document.querySelector("#kd-question textarea").focus();
}

async function switchTo(name, record) {
  save();
  kept = record;
  const isOurs = rename(name);
  restore(record);
  if (!(await isOurs)) rename();
  drawMenu();
}

// --------------------------------------------------------------------------------------------------- retry and editing

/** Answers a question again, in its place; what came after it stays in a conversation of its own. */
function again(number) {
  if (isAsking() || !turn(number)) return; // it would be cut off and not asked; or it was pressed twice
  const question = turn(number).answer.question;
  cutBefore(number);
  ask(question);
}

function edit(number) {
  pendingEdit = number;
  const box = document.querySelector("#kd-question textarea");
  fill("#kd-question textarea", turn(number).answer.question);
  box.focus();
  note(text("editing", { number: turns().findIndex((one) => one.number === number) + 1 }));
}

/** Called before a question is sent: when an earlier one is being edited, this one takes its place. */
export function sending() {
  if (pendingEdit !== null) cutBefore(pendingEdit);
  leave();
}

/** Ends the editing of an earlier question; returns whether there was any. */
export function leave() {
  const was = pendingEdit !== null;
  pendingEdit = null;
  note("");
  return was;
}

function cutBefore(number) {
  const all = turns();
  const place = all.findIndex((one) => one.number === number);
  if (place < all.length - 1) {
    write(id, kept); // the conversation as it was
    rename();
  }
  kept = JSON.stringify(all.slice(0, place));
  fill(BOX, kept);
}

function note(sentence) {
  const area = document.querySelector("#kd-editing") ?? addNote();
  area.textContent = sentence;
}

function addNote() {
  const area = make("p", { id: "kd-editing", role: "status" });
  document.querySelector("#kd-ask").before(area);
  return area;
}

// ------------------------------------------------------------------------------------------------------ taking it away

function turn(number) {
  return turns().find((one) => one.number === Number(number));
}

function link(question) {
  return `${location.origin}${location.pathname}?q=${encodeURIComponent(question)}`;
}

/** The answer with its sources below, as Markdown. */
function asMarkdown({ answer }) {
  const sources = answer.hits
    .map(({ passage }, place) => [place + 1, passage])
    .filter(([rank]) => answer.cited.includes(rank) || !answer.found)
    .map(([rank, { source, start_line, end_line }]) => {
      const lines = start_line === end_line ? start_line : `${start_line}–${end_line}`;
      return `[${rank}] ${source}:${lines}`;
    });
  return `${answer.text}\n\n${text("sources_of")}:\n${sources.map((one) => `- ${one}`).join("\n")}\n`;
}

function download() {
  if (kept === "[]") return;
  const said = turns().map((one) => `## ${one.answer.question}\n\n${asMarkdown(one)}`);
  const day = new Date().toLocaleDateString("sv");
  const href = URL.createObjectURL(new Blob([`# ${text("name")} ${day}\n\n${said.join("\n")}`], { type: "text/markdown" }));
  make("a", { href, download: `kuaida-${day}.md` }).click();
  URL.revokeObjectURL(href);
}

// ------------------------------------------------------------------------------------------------------------ feedback

function askWhy(number, button) {
  const open = document.querySelector(".kd-bad-form");
  open?.remove();
  if (open?.dataset.turn === number) return;
  const more = make("input", { type: "text", maxlength: 500, placeholder: text("bad_more"), "aria-label": text("bad_more") });
  const choose = (reason) => {
    form.remove();
    button.focus();
    send("kd-command-rate", { turn: Number(number), good: false, reason, comment: more.value });
  };
  const reasons = ["absent", "wrong", "other"].map((reason) => {
    const one = make("button", { type: "button" }, text(`bad_${reason}`));
    one.addEventListener("click", () => choose(reason));
    return one;
  });
  const form = make(
    "div",
    { class: "kd-bad-form", role: "group", "aria-label": text("bad_why"), "data-turn": number },
    make("span", {}, text("bad_why")),
    ...reasons,
    more,
  );
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      form.remove();
      button.focus();
    } else if (event.key === "Enter" && event.target === more) choose("other");
  });
  button.closest(".kd-actions").after(form);
  reasons[0].focus();
  form.scrollIntoView({ block: "nearest" });
}

// ---------------------------------------------------------------------------------------------- earlier conversations

async function drawMenu() {
  const place = await whenThere("#kd-ask");
  const menu = document.querySelector("#kd-conversations") ?? addMenu(place);
  const list = menu.querySelector("ul");
  const others = records().filter((record) => record.name !== id);
  list.replaceChildren(
    ...(others.length ? others.map(entry) : [make("li", { class: "kd-empty" }, text("no_conversations"))]),
  );
  const isEmpty = kept === "[]";
  for (const button of document.querySelectorAll("#kd-tools [name='new'], #kd-tools [name='export']")) {
    button.disabled = isEmpty;
  }
}

function addMenu(place) {
  const menu = make(
    "details",
    { id: "kd-conversations" },
    make("summary", {}, text("conversations")),
    make("ul", {}),
  );
  const action = (name) => make("button", { type: "button", class: "kd-do", name, value: "" });
  const begin = action("new");
  begin.append(text("new_conversation"));
  const download = action("export");
  download.append(text("export"));
  place.after(make("div", { id: "kd-tools" }, begin, download, menu));
  document.addEventListener("click", (event) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
  menu.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
  return menu;
}

function entry({ name, turns: record, changed }) {
  const title = JSON.parse(record)[0]?.answer?.question ?? "…";
  const open = make("button", { type: "button", title }, make("bdi", {}, title));
  open.addEventListener("click", () => {
    document.querySelector("#kd-conversations").open = false;
    if (leave()) fill("#kd-question textarea", "");
    switchTo(name, record);
  });
  const when = new Date(changed).toLocaleString([], { dateStyle: "short", timeStyle: "short" });
  const remove = make("button", { type: "button", "aria-label": `${text("delete")} ${title}`, title: text("delete") }, "×");
  remove.addEventListener("click", (event) => {
    event.stopPropagation();
    localStorage.removeItem(KEY + name);
    drawMenu();
  });
  return make("li", {}, open, make("time", {}, when), remove);
}

// ------------------------------------------------------------------------------------------------------------- ?q=…

async function askFromAddress() {
  const question = new URLSearchParams(location.search).get("q");
  if (!question) return;
  history.replaceState(null, "", location.pathname + location.hash); // a reload does not ask again
  await whenThere(kept === "[]" ? "#kd-send" : ".kd-reply"); // after what was kept is back
  ask(question);
}
