// Starts what each part of the page does in the browser. A folder a tab; all that they share is in bridge.js.

import * as accessible from "./accessible.js";
import * as ask from "./ask/ask.js";
import * as citations from "./ask/citations.js";
import * as composer from "./ask/composer.js";
import * as index from "./index/index.js";
import * as map from "./map/map.js";
import * as notes from "./notes/notes.js";
import * as preferences from "./preferences.js";
import * as router from "./router.js";
import * as state from "./state.js";

const parts = [preferences, accessible, ask, composer, citations, notes, index, map, state, router];
const isLeaving = "kdLeaving" in document.documentElement.dataset; // for the other language: early.js
for (const part of isLeaving ? [] : parts) part.start();
