// Starts what the tab "ask" does once Gradio has made its boxes; composer.js and citations.js start by themselves.

import { onAction, onChange, whenThere } from "../bridge.js";
import * as asking from "./asking.js";
import { BOX, claim, save } from "./conversation.js";
import * as editing from "./editing.js";
import * as exporting from "./export.js";
import * as menu from "./menu.js";
import * as rating from "./rating.js";

export async function start() {
  await whenThere(BOX);
  claim();
  onChange("#kd-chat", (chat) => {
    asking.follow(chat);
    setTimeout(save, 60); // when Gradio has updated its boxes, too
  });
  addEventListener("pagehide", save);
  onAction("ask", asking.ask);
  for (const part of [menu, editing, exporting, rating, asking]) part.start();
}
