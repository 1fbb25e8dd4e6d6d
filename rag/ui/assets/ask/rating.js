// What a person thinks of an answer: good, bad and why, and questions that are pinned.

import { make, onAction, send, text } from "../bridge.js";

export function start() {
  onAction("good", (number) => send("kd-command-rate", { turn: Number(number), good: true }));
  onAction("bad", askWhy);
  onAction("pin", (number) => send("kd-command-pin", { turn: Number(number), pinned: true }));
  onAction("unpin", (number) => send("kd-command-pin", { turn: Number(number), pinned: false }));
}

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
