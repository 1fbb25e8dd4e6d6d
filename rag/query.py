"""`python -m rag.query`: asks the notes from the terminal, from scripts, or a file of questions."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rag import console
from rag.answering.record import record
from rag.assistant import Assistant
from rag.config import colours_wanted, history_file
from rag.encoders.load import load_encoder
from rag.errors import KuaidaError, NoteUnreadable, QuestionRejected
from rag.folders import folders
from rag.retrieval.reranker import load_reranker
from rag.text.encodings import decode, decode_lines, lines
from rag.text.normal import clean, is_chinese
from rag.types import Answer, Earlier, Hit, Passage, Unit

HISTORY_LENGTH = 1_000
CONTEXT = 30  # characters shown on either side of the best sentence
BOLD, DIM, MARK, RESET = "\033[1m", "\033[2m", "\033[7m", "\033[0m"


@dataclass(frozen=True, slots=True)
class Labels:
    """What stands around an answer, in the language of its question."""

    understood: str
    cited: str
    nearest: str
    stale: str
    places: Mapping[Unit, tuple[str, str]]  # one, several


LABELS = {  # by whether the question is Chinese
    True: Labels(
        "按上文理解为：",
        "引用",
        "最接近的段落",
        "  （笔记已改动，请重建索引）",
        {
            "line": ("第 {} 行", "第 {}–{} 行"),
            "page": ("第 {} 页", "第 {}–{} 页"),
            "slide": ("第 {} 张", "第 {}–{} 张"),
            "cell": ("第 {} 格", "第 {}–{} 格"),
            "chapter": ("第 {} 章", "第 {}–{} 章"),
        },
    ),
    False: Labels(
        "Understood as: ",
        "Cited",
        "Nearest passages",
        "  (the note has changed: build the index again)",
        {
            "line": ("line {}", "lines {}–{}"),
            "page": ("p. {}", "pp. {}–{}"),
            "slide": ("slide {}", "slides {}–{}"),
            "cell": ("cell {}", "cells {}–{}"),
            "chapter": ("chapter {}", "chapters {}–{}"),
        },
    ),
}


def main(arguments: list[str] | None = None, program: str = "rag.query") -> int:
    """Returns the exit code: 0 found, 1 not in the notes, 2 error; in batch and at the prompt 0 unless an error."""
    options = _parser(program).parse_args(arguments)
    return console.run(program, lambda: _answer(options))


def _answer(options: argparse.Namespace) -> int:
    if options.k < 1:
        raise QuestionRejected("-k must be at least 1")
    if options.conversation and options.batch is None:
        raise QuestionRejected("--conversation goes with --batch: the prompt is a conversation anyway")
    question = " ".join(options.question)
    is_terminal = sys.stdin is not None and sys.stdin.isatty()  # None when it was closed
    asks_one = bool(options.question) or (options.batch is None and not is_terminal)
    if asks_one and not options.question and sys.stdin is not None:
        question = _piped()
    index = folders(index=options.index).index
    assistant = Assistant.open(index, load_encoder(options.encoder), load_reranker(options.reranker))
    if assistant.index.warning:
        console.say(options.program, assistant.index.warning)
    if options.batch is not None:
        return _batch(assistant, options)
    if asks_one:
        return 0 if _one(assistant, question, options).found else 1
    return _prompt(assistant, options)


def _parser(program: str) -> argparse.ArgumentParser:
    parser = console.parser(program, "Ask your notes.", "--index", "--encoder", "--reranker")
    parser.add_argument("question", nargs="*", metavar="QUESTION", help="without one: an interactive prompt")
    parser.add_argument("-k", type=int, default=5, metavar="K", help="number of passages (default: 5)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--batch", metavar="FILE", help="one question a line (-: standard input), JSON lines out")
    parser.add_argument(
        "--conversation",
        action="store_true",
        help="with --batch: a line goes on from those before it, up to an empty one",
    )
    return parser


def _one(assistant: Assistant, question: str, options: argparse.Namespace, history: Sequence[Earlier] = ()) -> Answer:
    started = time.perf_counter()
    answer = assistant.ask(question, options.k, history)
    elapsed_ms = 1000 * (time.perf_counter() - started)
    if options.json:
        text = json.dumps(record(answer, elapsed_ms), ensure_ascii=False)
    else:
        text = render(answer, colours_wanted(sys.stdout.isatty()))
    sys.stdout.write(text + "\n")
    return answer


def _batch(assistant: Assistant, options: argparse.Namespace) -> int:
    """Answers line by line; a line that cannot be asked gets {"question", "error"}, and the exit code is 2.

    In a conversation an empty line asks nothing: it begins another one.
    """
    code = 0
    earlier: list[Earlier] = []
    for question in _batch_lines(options.batch):
        if options.conversation and not question.strip():
            earlier.clear()
            continue
        started = time.perf_counter()
        try:
            answer = assistant.ask(question, options.k, earlier)
            if options.conversation:
                earlier.append(answer.earlier)
            result = record(answer, 1000 * (time.perf_counter() - started))
        except QuestionRejected as error:
            result = {"question": clean(question[:200]), "error": str(error)}
            code = 2
        sys.stdout.write(json.dumps(result, ensure_ascii=False) + "\n")
        sys.stdout.flush()
    return code


def _batch_lines(name: str) -> Iterator[str]:
    """Yields the questions of a file, or those of standard input as they come; raises KuaidaError."""
    try:
        if name != "-":
            yield from lines(decode(Path(name).read_bytes()).text)
        elif sys.stdin is not None:
            yield from decode_lines(sys.stdin.buffer)
    except OSError as error:
        raise KuaidaError(f"cannot read {name} ({error.strerror}): give a file with one question a line") from error
    except NoteUnreadable as error:
        raise KuaidaError(f"cannot read {name} ({error}): give a file with one question a line") from error


def _piped() -> str:
    """Returns the question on standard input; raises KuaidaError."""
    try:
        return decode(sys.stdin.buffer.read()).text
    except NoteUnreadable as error:
        raise KuaidaError(f"cannot read the question ({error}): pipe one line of text") from error


def _prompt(assistant: Assistant, options: argparse.Namespace) -> int:
    """Asks until an empty line or the end of input; arrow keys bring back earlier questions, 它 means their topic."""
    earlier: list[Earlier] = []
    with _history():
        sys.stdout.write("输入问题，回车提问，空行退出 / type a question, an empty line ends\n")
        while question := _read_line():
            assistant.refresh()
            try:
                answer = _one(assistant, question, options, earlier)
                earlier.append(answer.earlier)
            except QuestionRejected as error:
                sys.stdout.write(f"{error}\n")
            sys.stdout.write("\n")
    return 0


def _read_line() -> str:
    try:
        return input("? ").strip()
    except (EOFError, KeyboardInterrupt):
        sys.stdout.write("\n")
        return ""


@contextlib.contextmanager
def _history() -> Iterator[None]:
    """Keeps the questions of earlier sessions at hand, where the platform has readline."""
    try:
        import readline
    except ImportError:  # Windows: its console keeps a history of its own
        yield
        return
    file = history_file()
    with contextlib.suppress(OSError):  # none yet
        readline.read_history_file(file)
    readline.set_history_length(HISTORY_LENGTH)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # a home that cannot be written to loses the history, no question
            file.parent.mkdir(parents=True, exist_ok=True)
            readline.write_history_file(file)


def render(answer: Answer, colours: bool) -> str:
    """Returns the answer, then numbered citations; control characters of the notes never reach the terminal."""
    bold, dim, reset = (BOLD, DIM, RESET) if colours else ("", "", "")
    labels = LABELS[is_chinese(answer.question)]
    understood = [f"{dim}{labels.understood}{clean(answer.asked)}{reset}", ""] if answer.asked else []
    lines = [*understood, clean(answer.text)]
    if answer.hits:
        lines += ["", f"{dim}{labels.cited if answer.found else labels.nearest}{reset}"]
    for rank, hit in enumerate(answer.hits, 1):
        passage = hit.passage
        trail = " › ".join((*passage.headings, *filter(None, [passage.question])))
        place = _place(passage, labels)
        note = labels.stale if hit.stale else ""
        cited = "*" if rank in answer.cited else " "
        lines.append(clean(f"{cited}[{rank}] {place}  {hit.score:.2f}  {trail}").join((bold, reset)) + note)
        lines.append(f"      {_marked(hit, colours)}")
    return "\n".join(lines)


def _place(passage: Passage, labels: Labels) -> str:
    """Returns the note and where in it a person finds the passage: "a.md:12-14", "a.pdf p. 3"."""
    at = passage.place
    if at is None:
        return f"{passage.source}:{passage.start_line}-{passage.end_line}"
    said = labels.places[at.kind][at.first != at.last].format(at.first, at.last)
    return f"{passage.source} {said}"


def _marked(hit: Hit, colours: bool) -> str:
    """Returns one line: the best sentence, marked, in what stands around it."""
    start, end = hit.best
    text = hit.passage.text
    before, best, after = text[max(0, start - CONTEXT) : start], text[start:end], text[end : end + CONTEXT]
    opening, closing = (MARK, RESET) if colours else ("»", "«")
    left = "…" if start > CONTEXT else ""
    right = "…" if end + CONTEXT < len(text) else ""
    return f"{left}{_line(before)}{opening}{_line(best).strip()}{closing}{_line(after)}{right}"


def _line(text: str) -> str:
    return clean(" ".join(text.split())) if text.strip() else ""


if __name__ == "__main__":
    sys.exit(main())
