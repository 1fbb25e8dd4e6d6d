// Asking an earlier question again, as it was or edited: the answer takes its place.

import { fill, make, onAction, send, text } from "../bridge.js";
import { ask, isAsking } from "./asking.js";
import { cutBefore, turn, turns } from "./conversation.js";

let edited = null; // the number of the turn that is being edited

export function start() {
  onAction("retry", (number) => again(Number(number)));
  onAction("edit", (number) => edit(Number(number)));
  onAction("alone", (number) => send("kd-command-alone", { turn: Number(number) }));
}

/** Answers a question again, in its place; what came after it stays in a conversation of its own. */
function again(number) {
  if (isAsking() || !turn(number)) return; // it would be cut off and not asked; or it was pressed twice
  const { question } = turn(number).answer;
  cutBefore(number);
  ask(question);
}

function edit(number) {
  edited = number;
  fill("#kd-question textarea", turn(number).answer.question);
  document.querySelector("#kd-question textarea").focus();
  note(text("editing", { number: turns().findIndex((one) => one.number === number) + 1 }));
}

/** Called before a question is sent: when an earlier one is being edited, this one takes its place. */
export function sending() {
  if (edited !== null) cutBefore(edited);
  leave();
}

/** Ends the editing of an earlier question; returns whether there was any. */
export function leave() {
  const was = edited !== null;
  edited = null;
  note("");
  return was;
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
