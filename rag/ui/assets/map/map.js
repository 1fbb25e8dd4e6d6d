// The map of all passages: drawn when its tab is opened, from the route /kuaida/map, in an SVG made here.
//
// Places come as numbers from 0 to 1. `at` turns them into pixels of the whole map, `view` moves and scales that; points
// keep their size (map.css divides it by --kd-zoom), labels and the question are drawn over it in pixels of the screen.

import { get, make, onAction, openNote, text, whenThere } from "../bridge.js";
import { turns } from "../ask/conversation.js";

const COLOURS = 10; // map.css has as many; with more notes they repeat
const MARGIN = 28; // pixels around the points
const REACH = 14; // pixels from a point that still mean it
const CLOSEST = 40; // the strongest zoom
const STEP = 1.5; // of the zoom buttons
const MOVED = 4; // pixels: from there on it is a drag and no click
const LABELS = 40;
const ABOVE = 14; // pixels from a point to the middle of the name over it

let area; // where everything is drawn
let chart = null; // what the route said
let newest = null; // the identity of the index that the server has now
let isShown = false;
let isLoading = false;
let parts = {}; // the elements of the map
let size = { width: 0, height: 0 };
let view = { zoom: 1, x: 0, y: 0 };
let chosen = new Set(); // numbers of notes; all when empty
let current = 0; // the point that the keyboard is at
let hovered = -1;
let asked = null; // { question, x, y, hits: [numbers of points] }
let placing = 0; // counts the questions that were looked up

export async function start() {
  area = await whenThere("#kd-map-body");
  new IntersectionObserver(([entry]) => {
    isShown = entry.isIntersecting;
    if (isShown) open();
  }).observe(area);
  new ResizeObserver(fit).observe(area);
  document.addEventListener("kd-state", ({ detail }) => {
    newest = detail.now.identity;
    if (isShown) open();
  });
  document.addEventListener("kd-conversation", () => isShown && chart && placeQuestion());
  onAction("map-again", load);
  onAction("map-in", () => zoomBy(STEP));
  onAction("map-out", () => zoomBy(1 / STEP));
  onAction("map-whole", whole);
  onAction("map-note", (number) => choose(Number(number)));
  onAction("map-all", () => choose(null));
}

function open() {
  if (chart === null || (newest !== null && newest !== chart.identity)) load();
  else placeQuestion();
}

async function load() {
  if (isLoading) return;
  isLoading = true;
  area.setAttribute("aria-busy", "true");
  if (!chart) area.replaceChildren(make("p", { class: "kd-map-wait", role: "status" }, text("map_loading")));
  const found = await get("map");
  isLoading = false;
  area.removeAttribute("aria-busy");
  if (found) draw(found);
  else if (!chart) area.replaceChildren(sentence("map_failed", make("button", button("map-again"), text("map_again"))));
}

function sentence(name, ...more) {
  return make("p", { class: "kd-map-wait", role: "status" }, text(name), " ", ...more);
}

function button(action, value = "", css = "") {
  return { type: "button", class: `kd-do ${css}`, name: action, value };
}

// ------------------------------------------------------------------------------------------------------------ drawing

function draw(found) {
  const isSame = JSON.stringify(chart?.notes) === JSON.stringify(found.notes);
  chart = found;
  hovered = -1;
  asked = null;
  current = Math.min(current, chart.points.length - 1);
  if (!isSame) chosen = new Set();
  if (chart.points.length < 2) {
    area.replaceChildren(sentence("map_empty"));
    return;
  }
  const hadFocus = area.contains(document.activeElement) && document.activeElement.matches("circle");
  const points = chart.points.map(point);
  parts = {
    points,
    links: shape("g", { class: "kd-map-links" }),
    labels: shape("g", { class: "kd-map-labels", "aria-hidden": "true" }),
    question: shape("g", { class: "kd-map-question" }),
    tip: make("div", { class: "kd-map-tip", "aria-hidden": "true", hidden: true }),
  };
  parts.world = shape("g", {}, parts.links, shape("g", { class: "kd-map-points" }, ...points));
  parts.world.style.setProperty("--kd-dot", `${dot(points.length)}px`);
  parts.svg = shape(
    "svg",
    { class: "kd-map-svg", role: "application", "aria-label": text("map_label", { count: points.length }) },
    parts.world,
    parts.labels,
    parts.question,
  );
  parts.legend = legend();
  const canvas = make("div", { class: "kd-map-canvas" }, parts.svg, parts.tip, tools());
  area.replaceChildren(canvas, make("div", { class: "kd-map-side" }, parts.legend, list()));
  listen(parts.svg);
  size = { width: 0, height: 0 };
  fit();
  stress();
  if (hadFocus) points[current].focus();
  placeQuestion();
}

function shape(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function point([, , note, title, first, last], number) {
  const label = text("map_point", { title, place: place(note, first, last) });
  const colour = `kd-map-${note % COLOURS}`;
  const tabindex = number === current ? 0 : -1;
  return shape("circle", { class: colour, role: "button", tabindex, "aria-label": label });
}

function place(note, first, last) {
  return `${chart.notes[note].source}:${first}${last === first ? "" : `–${last}`}`;
}

function dot(count) {
  return count < 400 ? 5 : count < 1500 ? 4 : 3;
}

function tools() {
  const tool = (action, name, sign) =>
    make("button", { ...button(action, "", "kd-map-tool"), title: text(name), "aria-label": text(name) }, sign);
  return make(
    "div",
    { class: "kd-map-tools" },
    tool("map-in", "map_in", "+"),
    tool("map-out", "map_out", "−"),
    tool("map-whole", "map_whole", "⤢"),
  );
}

function legend() {
  const counts = chart.notes.map(() => 0);
  for (const [, , note] of chart.points) counts[note] += 1;
  const entries = chart.notes.map(({ title, source }, number) => {
    const swatch = make("span", { class: `kd-map-swatch kd-map-${number % COLOURS}` });
    const inner = [swatch, make("span", { class: "kd-map-name" }, title), make("span", { class: "kd-map-count" }, counts[number])];
    const entry = make("button", { ...button("map-note", number, "kd-map-entry"), title: source, "aria-pressed": "false" }, ...inner);
    entry.addEventListener("pointerenter", () => stress(number));
    entry.addEventListener("pointerleave", () => stress());
    return make("li", {}, entry);
  });
  const all = make("button", { ...button("map-all", "", "kd-map-all"), hidden: true }, text("map_all"));
  const head = make("div", { class: "kd-map-legend-head" }, make("span", {}, text("map_notes")), all);
  return make("div", { class: "kd-map-legend" }, head, make("ul", {}, ...entries));
}

/** Everything that the map shows as text, made when it is opened. */
function list() {
  const details = make("details", { class: "kd-map-list" }, make("summary", {}, text("map_list")));
  details.addEventListener("toggle", () => {
    if (details.open && details.childElementCount === 1) details.append(...chart.notes.map(listed));
  });
  return details;
}

function listed({ title, source }, note) {
  const entries = chart.points.filter((one) => one[2] === note).map(([, , , about, first, last]) => {
    const value = `${encodeURIComponent(source)}:${first}-${last}`;
    return make("li", {}, make("button", button("open", value, "kd-map-listed"), about, " ", make("span", {}, place(note, first, last))));
  });
  return make("section", {}, make("h3", {}, title), make("ul", {}, ...entries));
}

// -------------------------------------------------------------------------------------------------- places on the screen

/** The pixels of a place from 0 to 1, before `view`. */
function at([x, y]) {
  return [MARGIN + x * (size.width - 2 * MARGIN), MARGIN + y * (size.height - 2 * MARGIN)];
}

function onScreen(where) {
  const [x, y] = at(where);
  return [view.x + x * view.zoom, view.y + y * view.zoom];
}

function fit() {
  if (!parts.svg?.isConnected) return;
  const { width, height } = parts.svg.getBoundingClientRect();
  if (width === 0 || (width === size.width && height === size.height)) return;
  size = { width, height };
  parts.points.forEach((element, number) => {
    const [x, y] = at(chart.points[number]);
    element.setAttribute("cx", x.toFixed(2));
    element.setAttribute("cy", y.toFixed(2));
  });
  whole();
}

function whole() {
  move({ zoom: 1, x: 0, y: 0 });
}

/** Moves the map, never so far that it leaves its frame. */
function move({ zoom, x, y }) {
  zoom = Math.min(CLOSEST, Math.max(1, zoom));
  const within = (value, length) => Math.min(0, Math.max(length * (1 - zoom), value));
  view = { zoom, x: within(x, size.width), y: within(y, size.height) };
  parts.world.setAttribute("transform", `translate(${view.x} ${view.y}) scale(${zoom})`);
  parts.world.style.setProperty("--kd-zoom", zoom);
  parts.svg.classList.toggle("kd-zoomed", zoom > 1);
  drawLabels();
  drawQuestion();
  showTip();
}

function zoomBy(factor, x = size.width / 2, y = size.height / 2) {
  const zoom = Math.min(CLOSEST, Math.max(1, view.zoom * factor));
  const by = zoom / view.zoom;
  move({ zoom, x: x - (x - view.x) * by, y: y - (y - view.y) * by });
}

// ------------------------------------------------------------------------------------------------ the names of the notes

function drawLabels() {
  const placed = asked ? [questionBox()] : [];
  const labels = [];
  for (const { note, where } of middles()) {
    const title = shortened(chart.notes[note].title);
    const [x, y] = onScreen(where);
    const half = width(title) / 2;
    const box = { left: x - half, right: x + half, top: y - ABOVE - 11, bottom: y - ABOVE + 11 };
    const isOutside = box.left < 0 || box.right > size.width || box.top < 0 || box.bottom > size.height;
    if (isOutside || !isActive(note) || placed.some((other) => overlap(box, other))) continue;
    placed.push(box);
    labels.push(shape("text", { x: x.toFixed(1), y: (y - ABOVE).toFixed(1) }, title));
    if (labels.length === LABELS) break;
  }
  parts.labels.replaceChildren(...labels);
}

/** The middle of each note's points, those with most points first. */
function middles() {
  chart.middles ??= chart.notes
    .map((_, note) => {
      const own = chart.points.filter((one) => one[2] === note);
      const middle = [median(own.map((one) => one[0])), median(own.map((one) => one[1]))];
      return { note, count: own.length, where: nearestTo(middle, own) };
    })
    .filter(({ count }) => count > 0)
    .sort((one, other) => other.count - one.count);
  return chart.middles;
}

function median(values) {
  return values.sort((one, other) => one - other)[values.length >> 1];
}

/** The point of a note that its name stands at: of two that lie far apart, the middle is nowhere. */
function nearestTo([x, y], points) {
  const away = (one) => Math.hypot(one[0] - x, one[1] - y);
  return points.reduce((best, one) => (away(one) < away(best) ? one : best), points[0] ?? [x, y]);
}

function shortened(title) {
  return title.length > 16 ? `${title.slice(0, 15)}…` : title;
}

function width(title) {
  return [...title].reduce((sum, character) => sum + (character.codePointAt(0) > 0x2e7f ? 13 : 7.5), 8);
}

function overlap(one, other) {
  return one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;
}

// ------------------------------------------------------------------------------------------------- choosing among notes

function choose(note) {
  if (note === null) chosen.clear();
  else if (!chosen.delete(note)) chosen.add(note);
  stress();
  drawLabels();
}

function isActive(note) {
  return chosen.size === 0 || chosen.has(note);
}

/** Fades what is not chosen, or all notes but the one that the mouse is at in the legend. */
function stress(only = null) {
  parts.points.forEach((element, number) => {
    const note = chart.points[number][2];
    element.classList.toggle("kd-faded", only === null ? !isActive(note) : note !== only);
  });
  parts.legend.querySelectorAll(".kd-map-entry").forEach((entry, note) => {
    entry.setAttribute("aria-pressed", String(chosen.has(note)));
    entry.classList.toggle("kd-faded", !isActive(note));
  });
  parts.legend.querySelector(".kd-map-all").hidden = chosen.size === 0;
}

// --------------------------------------------------------------------------------------------- mouse, fingers, keyboard

function listen(svg) {
  const fingers = new Map();
  let isDragged = false;

  svg.addEventListener("wheel", (event) => {
    event.preventDefault();
    const [x, y] = from(event);
    zoomBy(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0015) * (event.deltaMode ? 16 : 1)), x, y);
  }, { passive: false });
  svg.addEventListener("pointerdown", (event) => {
    fingers.set(event.pointerId, from(event));
    if (fingers.size === 1) isDragged = false;
  });
  svg.addEventListener("pointermove", (event) => {
    if (!fingers.has(event.pointerId)) {
      hover(nearest(from(event)));
      return;
    }
    const before = [...fingers.values()];
    const [fromX, fromY] = fingers.get(event.pointerId);
    const [x, y] = from(event);
    if (!isDragged && fingers.size === 1 && Math.hypot(x - fromX, y - fromY) < MOVED) return;
    if (!isDragged) svg.setPointerCapture(event.pointerId);
    isDragged = true;
    hover(-1);
    fingers.set(event.pointerId, [x, y]);
    if (fingers.size === 1) move({ ...view, x: view.x + x - fromX, y: view.y + y - fromY });
    else if (fingers.size === 2) pinch(before, [...fingers.values()]);
  });
  for (const name of ["pointerup", "pointercancel", "pointerleave"]) {
    svg.addEventListener(name, (event) => {
      if (name === "pointerleave" && svg.hasPointerCapture(event.pointerId)) return;
      fingers.delete(event.pointerId);
      if (name === "pointerleave") hover(-1);
    });
  }
  svg.addEventListener("click", (event) => {
    if (isDragged) return;
    const meant = nearest(from(event)); // what hovering names: where points overlap, another may be on top
    const number = meant >= 0 ? meant : parts.points.indexOf(event.target);
    if (number >= 0 && isActive(chart.points[number][2])) go(number);
  });
  svg.addEventListener("dblclick", (event) => nearest(from(event)) < 0 && zoomBy(2, ...from(event)));
  svg.addEventListener("keydown", onKey);
  svg.addEventListener("focusin", (event) => {
    const number = parts.points.indexOf(event.target);
    if (number >= 0) reach(number);
  });
  svg.addEventListener("focusout", showTip);
}

function from(event) {
  const { left, top } = parts.svg.getBoundingClientRect();
  return [event.clientX - left, event.clientY - top];
}

function pinch([a, b], [c, d]) {
  const factor = Math.hypot(c[0] - d[0], c[1] - d[1]) / Math.max(1, Math.hypot(a[0] - b[0], a[1] - b[1]));
  const [x, y] = [(c[0] + d[0]) / 2, (c[1] + d[1]) / 2];
  move({ ...view, x: view.x + x - (a[0] + b[0]) / 2, y: view.y + y - (a[1] + b[1]) / 2 });
  zoomBy(factor, x, y);
}

/** The point that is meant by pixels of the screen, -1 for none. */
function nearest([x, y]) {
  let found = -1;
  let least = REACH;
  chart.points.forEach((one, number) => {
    if (!isActive(one[2])) return;
    const [left, top] = onScreen(one);
    const distance = Math.hypot(left - x, top - y);
    if (distance < least) [found, least] = [number, distance];
  });
  return found;
}

function hover(number) {
  if (number === hovered) return;
  parts.points[hovered]?.classList.remove("kd-hovered");
  hovered = number;
  parts.points[hovered]?.classList.add("kd-hovered");
  parts.svg.classList.toggle("kd-pointing", hovered >= 0);
  showTip();
}

function go(number) {
  const [, , note, , first, last] = chart.points[number];
  openNote(chart.notes[note].source, first, last);
}

function onKey(event) {
  const number = parts.points.indexOf(document.activeElement);
  const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const keys = {
    "+": () => zoomBy(STEP, ...onScreen(chart.points[current])),
    "=": () => zoomBy(STEP, ...onScreen(chart.points[current])),
    "-": () => zoomBy(1 / STEP, ...onScreen(chart.points[current])),
    0: whole,
    Escape: () => chosen.size > 0 && choose(null),
    Enter: () => number >= 0 && go(number),
    " ": () => number >= 0 && go(number),
    Home: () => focusOn(chart.points.findIndex((one) => isActive(one[2]))),
    End: () => focusOn(chart.points.findLastIndex((one) => isActive(one[2]))),
  };
  if (event.ctrlKey || event.metaKey || event.altKey || !(event.key in ways || event.key in keys)) return;
  event.preventDefault();
  if (event.key in ways) focusOn(towards(ways[event.key]));
  else keys[event.key]();
}

/** The nearest point in a direction, -1 when there is none; what lies aside is further away than it is. */
function towards([right, down]) {
  const [x, y] = onScreen(chart.points[current]);
  let found = -1;
  let least = Infinity;
  chart.points.forEach((one, number) => {
    if (number === current || !isActive(one[2])) return;
    const [left, top] = onScreen(one);
    const along = (left - x) * right + (top - y) * down;
    const aside = Math.abs((left - x) * down) + Math.abs((top - y) * right);
    if (along > 0.01 && along + 2 * aside < least) [found, least] = [number, along + 2 * aside];
  });
  return found;
}

function focusOn(number) {
  parts.points[number]?.focus({ preventScroll: true });
}

/** Makes a point the one that Tab comes back to, and brings it into the frame. */
function reach(number) {
  parts.points[current].setAttribute("tabindex", -1);
  current = number;
  parts.points[current].setAttribute("tabindex", 0);
  const [x, y] = onScreen(chart.points[number]);
  const inward = (value, length) => Math.min(length - MARGIN, Math.max(MARGIN, value)) - value;
  move({ ...view, x: view.x + inward(x, size.width), y: view.y + inward(y, size.height) });
}

/** Shows what the point under the mouse, or else the one with the focus, is. */
function showTip() {
  const focused = parts.points.indexOf(document.activeElement);
  const number = hovered >= 0 ? hovered : focused;
  parts.tip.hidden = number < 0;
  if (number < 0) return;
  const [, , note, title, first, last] = chart.points[number];
  parts.tip.replaceChildren(make("strong", {}, title), make("span", {}, place(note, first, last)));
  const [x, y] = onScreen(chart.points[number]);
  const { offsetWidth, offsetHeight } = parts.tip;
  const left = Math.min(size.width - offsetWidth - 8, Math.max(8, x - offsetWidth / 2));
  const top = y - offsetHeight - 14 < 4 ? y + 16 : y - offsetHeight - 14;
  parts.tip.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
}

// -------------------------------------------------------------------------------------------------- the latest question

async function placeQuestion() {
  if (!parts.svg?.isConnected) return;
  const answer = turns().at(-1)?.answer;
  const question = answer ? (answer.asked ?? answer.question) : null;
  if (question === (asked?.question ?? null)) return;
  const drawn = chart;
  const number = ++placing;
  const where = question && (await get("map/question", { q: question }));
  if (drawn !== chart || number !== placing) return; // another map or question meanwhile
  asked = where ? { question, ...where, hits: answer.hits.map(({ passage }) => numberOf(passage)).filter((n) => n >= 0) } : null;
  parts.links.replaceChildren(...(asked?.hits ?? []).map(link));
  parts.points.forEach((element, number) => element.classList.toggle("kd-hit", Boolean(asked?.hits.includes(number))));
  drawQuestion();
  drawLabels();
}

function numberOf({ source, start_line, end_line }) {
  const note = chart.notes.findIndex((one) => one.source === source);
  return chart.points.findIndex((one) => one[2] === note && one[4] === start_line && one[5] === end_line);
}

function link(number) {
  const [x1, y1] = at([asked.x, asked.y]);
  const [x2, y2] = at(chart.points[number]);
  return shape("line", { x1, y1, x2, y2 });
}

function drawQuestion() {
  if (!asked) {
    parts.question.replaceChildren();
    return;
  }
  const [x, y] = onScreen([asked.x, asked.y]);
  const isRight = x > size.width / 2; // its text goes towards the middle
  const group = shape(
    "g",
    { role: "img", "aria-label": `${text("map_question")}：${asked.question}`, transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})` },
    shape("path", { d: "M0-10 2.6-2.6 10 0 2.6 2.6 0 10-2.6 2.6-10 0-2.6-2.6Z" }),
    shape("text", { x: isRight ? -14 : 14, y: 5, class: isRight ? "kd-end" : "" }, shortened(asked.question)),
  );
  parts.question.replaceChildren(group);
}

/** Where the question and its text are, so that no name of a note is written over them. */
function questionBox() {
  const [x, y] = onScreen([asked.x, asked.y]);
  const length = width(shortened(asked.question)) + 16;
  const [left, right] = x > size.width / 2 ? [x - length, x + 12] : [x - 12, x + length];
  return { left, right, top: y - 14, bottom: y + 14 };
}
