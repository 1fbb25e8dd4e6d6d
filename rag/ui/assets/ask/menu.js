// The tools below the box: a new conversation, exporting this one, and the earlier ones.

import { fill, make, onAction, text, whenThere } from "../bridge.js";
import { isEmpty, isOwn, takeUp } from "./conversation.js";
import { leave } from "./editing.js";
import { all, remove } from "./records.js";

export function start() {
  addEventListener("storage", draw); // another tab has kept something
  document.addEventListener("kd-conversation", draw);
  onAction("new", begin);
  draw();
}

function begin() {
  switchTo();
  document.querySelector("#kd-question textarea").focus();
}

function switchTo(name, turns) {
  if (leave()) fill("#kd-question textarea", "");
  takeUp(name, turns);
  draw();
}

async function draw() {
  const place = await whenThere("#kd-ask");
  const menu = document.querySelector("#kd-conversations") ?? add(place);
  const list = menu.querySelector("ul");
  const others = all().filter((record) => !isOwn(record.name));
  list.replaceChildren(
    ...(others.length ? others.map(entry) : [make("li", { class: "kd-empty" }, text("no_conversations"))]),
  );
  for (const button of document.querySelectorAll("#kd-tools [name='new'], #kd-tools [name='export']")) {
    button.disabled = isEmpty();
  }
}

function add(place) {
  const menu = make(
    "details",
    { id: "kd-conversations" },
    make("summary", {}, text("conversations")),
    make("ul", {}),
  );
  const action = (name, said) => make("button", { type: "button", class: "kd-do", name, value: "" }, said);
  const tools = [action("new", text("new_conversation")), action("export", text("export")), menu];
  place.after(make("div", { id: "kd-tools" }, ...tools));
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

function entry({ name, turns, changed }) {
  const title = JSON.parse(turns)[0]?.answer?.question ?? "…";
  const open = make("button", { type: "button", title }, make("bdi", {}, title));
  open.addEventListener("click", () => {
    document.querySelector("#kd-conversations").open = false;
    switchTo(name, turns);
  });
  const when = new Date(changed).toLocaleString([], { dateStyle: "short", timeStyle: "short" });
  const drop = make("button", { type: "button", "aria-label": `${text("delete")} ${title}`, title: text("delete") }, "×");
  drop.addEventListener("click", (event) => {
    event.stopPropagation();
    remove(name);
    draw();
  });
  return make("li", {}, open, make("time", {}, when), drop);
}
