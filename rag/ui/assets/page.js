// Starts what each part of the page does in the browser. One module a part; all that they share is in bridge.js.

import * as accessible from "./accessible.js";
import * as citations from "./citations.js";
import * as composer from "./composer.js";
import * as conversation from "./conversation.js";
import * as index from "./index.js";
import * as map from "./map.js";
import * as notes from "./notes.js";
import * as preferences from "./preferences.js";
import * as router from "./router.js";
import * as state from "./state.js";

const parts = [preferences, accessible, conversation, composer, citations, notes, index, map, state, router];
const isLeaving = "kdLeaving" in document.documentElement.dataset; // for the other language: early.js
for (const part of isLeaving ? [] : parts) part.start();
