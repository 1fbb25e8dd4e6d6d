// Asking, and what is seen of it: whether an answer is on its way, where the chat stands, whether its cards are current.

import { fill, send, whenThere } from "../bridge.js";
import { isEmpty } from "./conversation.js";

const SETTLING = 800; // milliseconds in which Gradio still draws an answer that is there
const CROSSING = 2000; // milliseconds in which cards of a refresh may come after those of an answer

const chat = { shown: 0, settled: 0 }; // how many questions; when the last answer will have been drawn
const cards = { isDue: false, refreshed: -Infinity }; // whether to check them when the answer is there; when it was last

export function start() {
  document.addEventListener("kd-conversation", () => {
    if (cards.isDue || performance.now() - cards.refreshed < CROSSING) refresh();
  });
  askFromAddress();
}

/** Asks `question`, as if it were typed and sent. */
export function ask(question) {
  fill("#kd-question textarea", question);
  document.querySelector("#kd-send").click();
}

/** Whether a question is being answered. */
export function isAsking() {
  return document.querySelector("#kd-chat .kd-searching") !== null;
}

/** Checks the cards against the notes as they are now; not while a question is answered, but then afterwards. */
export function refresh() {
  cards.isDue = isAsking();
  if (cards.isDue || isEmpty()) return;
  cards.refreshed = performance.now();
  send("kd-command-refresh", {});
}

/** Keeps a question that is new at the top while its answer comes, so that it is read from the beginning. */
export function follow(area) {
  const questions = area.querySelectorAll(".kd-question");
  if (questions.length > chat.shown || isAsking()) chat.settled = performance.now() + SETTLING;
  chat.shown = questions.length;
  if (performance.now() > chat.settled || chat.shown === 0) return;
  const last = questions[chat.shown - 1];
  const wrap = last.closest(".bubble-wrap");
  const above = last.getBoundingClientRect().top - wrap.getBoundingClientRect().top;
  if (wrap.scrollHeight > wrap.clientHeight) wrap.scrollTop += above - 12;
  else last.scrollIntoView({ block: "nearest" });
}

/** Asks the question of an address with ?q=… */
async function askFromAddress() {
  const question = new URLSearchParams(location.search).get("q");
  if (!question) return;
  history.replaceState(null, "", location.pathname + location.hash); // a reload does not ask again
  await whenThere(isEmpty() ? "#kd-send" : ".kd-reply"); // after what was kept is back
  ask(question);
}
