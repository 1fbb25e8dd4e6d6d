"""`python -m rag.evaluate`: asks golden questions and reports how well the right passages are found."""

from __future__ import annotations

import argparse
import dataclasses
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from rag import console
from rag.assistant import Assistant
from rag.encoders.load import load_encoder
from rag.errors import CorpusError, GoldenUnusable, KuaidaError, QuestionRejected
from rag.evaluation import golden, report_page
from rag.evaluation.golden import GoldenQuestion
from rag.evaluation.report import DEPTH, Report, Result, Setting, compare, render, saved_ranks, summarise, to_json
from rag.folders import folders
from rag.indexing import sync
from rag.notes.corpus import read_corpus
from rag.progress import progress_bar
from rag.retrieval.calibration import THRESHOLD
from rag.retrieval.reranker import load_reranker
from rag.types import Hit

LEFT_OUT = "left out {} of the ratings (right answer unknown: {}, note edited since: {})"


def main(arguments: list[str] | None = None, program: str = "rag.evaluate") -> int:
    """Returns the exit code: 0 done, 2 error."""
    options = _parser(program).parse_args(arguments)
    return console.run(program, lambda: _run(options))


def _run(options: argparse.Namespace) -> int:
    before = saved_ranks(options.compare) if options.compare else None
    if options.html and not options.html.parent.is_dir():  # said now, not after minutes of work
        raise KuaidaError(f"no folder {options.html.parent}: create it, or name another file with --html")
    with tempfile.TemporaryDirectory() as temporary:
        corpus, questions = (folders(options.corpus).corpus, None)
        if options.golden:
            corpus, questions = _golden(options, Path(temporary) / "corpus")
        setting, results = _evaluate(options, corpus, questions, options.index or Path(temporary) / "index")
    comparison = None if before is None else compare(options.compare.name, before, results)
    report = summarise(setting, results, comparison)
    sys.stdout.write((to_json(report) if options.json else render(report)) + "\n")
    if options.html:
        _write_page(options.html, report)
    return 0


def _parser(program: str) -> argparse.ArgumentParser:
    description = "Report how well golden questions are answered."
    parser = console.parser(program, description, "--encoder", "--reranker")
    parser.add_argument("--golden", type=Path, help="JSON lines, or a folder like BEIR's (default: the notes' own)")
    parser.add_argument("--corpus", type=Path, help="folder of notes (a golden folder has its own)")
    parser.add_argument("--index", type=Path, help="keep the index in this folder (default: a temporary one)")
    parser.add_argument("--half", choices=("dev", "test", "all"), default="all", help="of the questions (default: all)")
    parser.add_argument("--compare", type=Path, metavar="OTHER.json", help="a report saved with --json, to compare")
    parser.add_argument("--json", action="store_true", help="print the report with all results as JSON")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write the report as a page too")
    return parser


def _golden(options: argparse.Namespace, folder: Path) -> tuple[Path, list[GoldenQuestion]]:
    """Returns the corpus and the questions; the notes of a golden folder are written into `folder`."""
    if not options.golden.is_dir():
        corpus = folders(options.corpus).corpus
        questions = golden.read_golden(options.golden, options.half)
        standing = golden.standing(questions, read_corpus(corpus)[0])
        left_out = golden.unknown_ratings(options.golden), len(questions) - len(standing)
        if any(left_out):
            console.say(options.program, LEFT_OUT.format(sum(left_out), *left_out))
        if not standing:
            raise GoldenUnusable(f"the notes of all ratings in {options.golden} were edited since: rate more answers")
        return corpus, standing
    if options.corpus:
        raise GoldenUnusable(f"the folder {options.golden} has notes of its own: leave out --corpus")
    if options.half != "all":
        raise GoldenUnusable(f"the folder {options.golden} knows no halves: leave out --half")
    texts, questions = golden.read_folder(options.golden)
    folder.mkdir()
    for source, text in texts.items():
        try:
            with open(folder / source, "x", encoding="utf-8", errors="replace") as file:
                file.write(text)
        except FileExistsError as error:  # where A and a are the same file
            raise CorpusError(f"another document's id differs from {source} in nothing but case: rename one") from error
    return folder, questions


def _evaluate(
    options: argparse.Namespace, corpus: Path, questions: Sequence[GoldenQuestion] | None, folder: Path
) -> tuple[Setting, list[Result]]:
    encoder, reranker = load_encoder(options.encoder), load_reranker(options.reranker)
    with progress_bar("encoding") as advance:
        built = sync.sync(corpus, folder, encoder, progress=advance)
    assistant = Assistant.open(folder, encoder, reranker)
    with progress_bar("asking") as advance:
        results = ask_own(assistant, advance) if questions is None else ask_all(assistant, questions, advance)
    source = options.golden if options.golden and options.golden.is_dir() else corpus
    encoded_by = f"{encoder.name} {encoder.revision[:8]}" + (f", reranker {reranker.name}" if reranker else "")
    name, half = options.golden.stem if options.golden else "the notes' own questions", options.half
    return Setting(name, half, source.resolve().name, encoded_by, built.notes, built.passages), results


def ask_all(
    assistant: Assistant, questions: Sequence[GoldenQuestion], progress: Callable[[int, int], None] | None = None
) -> list[Result]:
    """Asks each question as a person would; raises GoldenUnusable for one that cannot be asked."""
    results = []
    for number, question in enumerate(questions, 1):
        results.append(ask(assistant, question))
        if progress:
            progress(number, len(questions))
    return results


def ask_own(assistant: Assistant, progress: Callable[[int, int], None] | None = None) -> list[Result]:
    """Asks the notes what they themselves ask, and again as if the answer were not in them."""
    passages = map(assistant.index.passage, range(assistant.index.size))
    own = golden.own_questions(passages)
    results = []
    for number, (question, numbers) in enumerate(own.items(), 1):
        results.append(ask(assistant, question))
        if question.style == "own":
            results.append(_held_out(results[-1], assistant.confidence_without(question.question, numbers)))
        if progress:
            progress(number, len(own))
    if not results:
        raise GoldenUnusable("the notes have no questions or headings to ask: name golden questions with --golden")
    return results


def _held_out(result: Result, confidence: float) -> Result:
    return dataclasses.replace(
        result,
        id=f"{result.id}-held-out",
        style="held out",
        answerable=False,
        wanted=(),
        rank=0,
        confidence=confidence,
        found=confidence >= THRESHOLD,
    )


def ask(assistant: Assistant, question: GoldenQuestion) -> Result:
    try:
        answer = assistant.ask(question.question, DEPTH)
    except QuestionRejected as error:
        raise GoldenUnusable(f"question {question.id} cannot be asked: {error}") from error
    return Result(
        id=question.id,
        question=question.question,
        style=question.style,
        answerable=bool(question.gold),
        wanted=tuple(f"{gold.source}: {gold.anchor.strip()}" if gold.anchor else gold.source for gold in question.gold),
        rank=question.rank_in(answer.hits),
        first=_described(answer.hits[0]) if answer.hits else "",
        confidence=answer.confidence,
        found=answer.found,
    )


def _described(hit: Hit) -> str:
    """Returns where the passage stands and what it is about, for people."""
    passage = hit.passage
    title = passage.question or " › ".join(passage.headings) or " ".join(passage.text[:80].split())
    return f"{passage.source}:{passage.start_line}-{passage.end_line}: {title}"


def _write_page(path: Path, report: Report) -> None:
    try:
        path.write_text(report_page.render(report), encoding="utf-8", errors="replace")
    except OSError as error:
        raise KuaidaError(f"cannot write {path} ({error.strerror}): name another file with --html") from error


if __name__ == "__main__":
    sys.exit(main())
