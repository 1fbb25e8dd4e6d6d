// Taking it away: an answer with its sources, a link to a question, the whole conversation as a file.

import { copy, make, onAction, text } from "../bridge.js";
import { isEmpty, turn, turns } from "./conversation.js";

export function start() {
  onAction("copy-answer", (number) => copy(asMarkdown(turn(Number(number)))));
  onAction("copy-link", (number) => copy(link(turn(Number(number)).answer.question)));
  onAction("export", download);
}

function link(question) {
  return `${location.origin}${location.pathname}?q=${encodeURIComponent(question)}`;
}

/** The answer with its sources below, as Markdown. */
function asMarkdown({ answer }) {
  const sources = answer.hits
    .map(({ passage }, place) => [place + 1, passage])
    .filter(([rank]) => answer.cited.includes(rank) || !answer.found)
    .map(([rank, passage]) => `[${rank}] ${passage.source}${where(passage)}`);
  return `${answer.text}\n\n${text("sources_of")}:\n${sources.map((one) => `- ${one}`).join("\n")}\n`;
}

/** Where a passage stands, as it follows the name of its note: ":12–14", " p. 3". */
function where({ start_line, end_line, place }) {
  if (!place) return start_line === end_line ? `:${start_line}` : `:${start_line}–${end_line}`;
  const name = place.first === place.last ? `one_${place.kind}` : `${place.kind}s`;
  return ` ${text(name, place)}`;
}

function download() {
  if (isEmpty()) return;
  const said = turns().map((one) => `## ${one.answer.question}\n\n${asMarkdown(one)}`);
  const day = new Date().toLocaleDateString("sv");
  const href = URL.createObjectURL(new Blob([`# ${text("name")} ${day}\n\n${said.join("\n")}`], { type: "text/markdown" }));
  make("a", { href, download: `kuaida-${day}.md` }).click();
  URL.revokeObjectURL(href);
}
