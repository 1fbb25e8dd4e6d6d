"""Measures how long a person waits and how much memory that takes; every figure also as a ratio to a baseline.

The baseline is importing numpy, faiss and onnxruntime alone in a new process. The disk is warm: each command runs once
before it counts. Nothing here fails for being slow.

    python -m benchmarks.speed                     # the bundled encoder over corpus/
    python -m benchmarks.speed --passages 100000   # how the index grows: synthetic notes, random vectors
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rag.assistant import Assistant
from rag.encoders.base import TOKEN_DIMENSION, Encoded, Encoder, Vectors
from rag.encoders.load import load_encoder
from rag.evaluation.golden import read_golden
from rag.indexing.sync import sync
from rag.notes.corpus import read_corpus
from rag.passages.sentences import sentences
from rag.passages.split import split
from rag.types import Span

ROOT = Path(__file__).resolve().parent.parent
GOLDEN = ROOT / "benchmarks" / "golden" / "corpus.jsonl"
BASELINE = "import numpy, faiss, onnxruntime"
WARM_UP = 20  # questions before the warm ones count
ENTRIES = 50  # of a synthetic note
CHARACTERS_PER_TOKEN = 2  # about as with the bundled encoder
EDIT = "\n\n## 这一条是为测量增量重建而加的吗？\n\n是的，只有这一段需要重新编码。\n"

# Run in the measured process after its work. Not getrusage: there a child inherits the peak of its parent.
PRINT_PEAK = """
import atexit, sys
def print_peak():
    try:
        lines = open("/proc/self/status").read().splitlines()
        peak = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    except OSError:  # not Linux
        import resource
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1024 if sys.platform == "darwin" else 1)
    sys.stderr.write(f"\\npeak {peak}\\n")
atexit.register(print_peak)
"""
RUN_MODULE = "import runpy, sys; sys.argv = sys.argv[1:]; runpy.run_module(sys.argv[0], run_name='__main__')"


@dataclass(frozen=True, slots=True)
class Run:
    """One process: wall-clock seconds, peak resident megabytes, what it wrote to stdout."""

    seconds: float
    megabytes: float
    output: str


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; `ratio` is to the baseline's time or memory."""

    name: str
    value: float
    unit: str
    ratio: float


class RandomEncoder:
    """A random unit vector for every text, always the same for the same text: for scaling, not for finding."""

    name = "random"
    revision = "1"
    dimension = 384

    def encode_questions(self, questions: Sequence[str]) -> list[Encoded]:
        return self.encode_passages(questions, [()] * len(questions))

    def encode_passages(self, texts: Sequence[str], sentences: Sequence[Sequence[Span]]) -> list[Encoded]:
        return [self._encode(text, spans) for text, spans in zip(texts, sentences, strict=True)]

    def _encode(self, text: str, spans: Sequence[Span]) -> Encoded:
        vectors = np.stack([self._vector(text), *(self._vector(text[start:end]) for start, end in spans)])
        count = 1 + len(text) // CHARACTERS_PER_TOKEN
        tokens = np.resize(vectors[:, :TOKEN_DIMENSION], (count, TOKEN_DIMENSION))
        tokens /= np.linalg.norm(tokens, axis=1, keepdims=True)
        return Encoded(vectors, tokens, np.full(count, 1 / count, np.float32))

    def _vector(self, text: str) -> Vectors:
        vector = np.random.default_rng(zlib.crc32(text.encode())).standard_normal(self.dimension, np.float32)
        return vector / np.linalg.norm(vector)


# ------------------------------------------------------------------------------------------------------- processes


def run_python(code: str, *arguments: str) -> Run:
    """Runs `code` in a new process; exit codes 0 and 1 (not in the notes) are both an answer."""
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", PRINT_PEAK + code, *arguments],
        cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip
    seconds = time.perf_counter() - started
    errors, _, peak = done.stderr.rstrip().rpartition("\npeak ")
    if done.returncode not in (0, 1) or not peak.isdigit() or "Traceback" in errors:
        sys.exit(f"speed.py: a measured command failed:\n{done.stderr}")
    return Run(seconds, int(peak) / 1000, done.stdout)


def run_module(name: str, *arguments: str) -> Run:
    return run_python(RUN_MODULE, name, *arguments)


def median(runs: Sequence[Run]) -> Run:
    """Returns the run of median time with the median peak of all."""
    middle = sorted(runs, key=lambda run: run.seconds)[len(runs) // 2]
    return Run(middle.seconds, statistics.median(run.megabytes for run in runs), middle.output)


def new_processes(index: Path, questions: Sequence[str]) -> tuple[Run, Run]:
    """Returns the median baseline and the median `python -m rag.query`, measured in turns."""
    run_python(BASELINE)
    run_module("rag.query", "--index", str(index), questions[0])
    baselines, queries = [], []
    for question in questions:
        baselines.append(run_python(BASELINE))
        queries.append(run_module("rag.query", "--index", str(index), question))
    return median(baselines), median(queries)


def ask_warm(index: Path, encoder: Encoder, questions: Sequence[str]) -> tuple[float, list[float]]:
    """Returns the seconds it takes to open the index, and for each question the seconds of its answer."""
    started = time.perf_counter()
    assistant = Assistant.open(index, encoder)
    opened = time.perf_counter() - started
    for question in questions[:WARM_UP]:
        assistant.ask(question)
    times = []
    for question in questions:
        started = time.perf_counter()
        assistant.ask(question)
        times.append(time.perf_counter() - started)
    return opened, times


# ---------------------------------------------------------------------------------------------------- measurements


def measure(folder: Path, questions: Sequence[str], runs: int) -> Iterator[Row]:
    """Yields the figures of the bundled encoder over a copy of corpus/, which is edited once at the end."""
    corpus, index = folder / "corpus", folder / "index"
    shutil.copytree(ROOT / "corpus", corpus)
    build = ("rag.build", "--corpus", str(corpus), "--index", str(index), "--json")
    first = run_module(*build)
    baseline, query = new_processes(index, questions[:: len(questions) // runs][:runs])
    yield Row(f"baseline: {BASELINE}", baseline.seconds, "s", 1.0)
    yield Row(f"a question in a new process (median of {runs})", query.seconds, "s", query.seconds / baseline.seconds)
    _, times = ask_warm(index, load_encoder(), questions)
    yield from _warm_rows(times, baseline.seconds)
    report = json.loads(first.output)
    built = f"{report['notes']} notes, {report['passages']} passages"
    yield Row(f"first build of corpus/ ({built})", first.seconds, "s", first.seconds / baseline.seconds)
    note = min(corpus.glob("*.md"))
    note.write_text(note.read_text(encoding="utf-8") + EDIT, encoding="utf-8")
    again = run_module(*build)
    yield Row("rebuild after one note was edited", again.seconds, "s", again.seconds / baseline.seconds)
    yield Row("resident memory of the baseline", baseline.megabytes, "MB", 1.0)
    yield Row("resident memory of rag.query", query.megabytes, "MB", query.megabytes / baseline.megabytes)
    yield Row("resident memory of rag.build", first.megabytes, "MB", first.megabytes / baseline.megabytes)


def measure_scaling(folder: Path, passages: int, questions: Sequence[str]) -> Iterator[Row]:
    """Yields the figures of about `passages` synthetic passages; encoding costs nothing here, all else is real."""
    corpus, index = folder / "corpus", folder / "index"
    write_corpus(corpus, passages)
    run_python(BASELINE)
    baseline = median([run_python(BASELINE) for _ in range(3)])
    started = time.perf_counter()
    report = sync(corpus, index, RandomEncoder())
    seconds = time.perf_counter() - started
    size = sum(file.stat().st_size for file in index.rglob("*") if file.is_file()) / 1e6
    opened, times = ask_warm(index, RandomEncoder(), questions)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1_000_000 if sys.platform == "darwin" else 1000)
    yield Row(f"baseline: {BASELINE}", baseline.seconds, "s", 1.0)
    built = f"{report.notes} notes, {report.passages} passages, random vectors"
    yield Row(f"first build ({built})", seconds, "s", seconds / baseline.seconds)
    yield Row("opening the index", opened, "s", opened / baseline.seconds)
    yield from _warm_rows(times, baseline.seconds)
    yield Row("index on disk", size, "MB", size / baseline.megabytes)
    yield Row("resident memory, the build included", peak, "MB", peak / baseline.megabytes)


def _warm_rows(times: Sequence[float], baseline: float) -> Iterator[Row]:
    for name, seconds in (("median", statistics.median(times)), ("p95", float(np.quantile(times, 0.95)))):
        yield Row(f"a question in a running process ({name} of {len(times)})", seconds * 1000, "ms", seconds / baseline)


def write_corpus(corpus: Path, passages: int) -> None:
    """Writes notes of question entries whose answers are sentences of corpus/, shuffled with a fixed seed."""
    originals = [passage for note in read_corpus(ROOT / "corpus")[0] for passage in split(note)]
    questions = [passage.question for passage in originals if passage.question]
    pool = []
    for passage in originals:
        answer = passage.text[slice(*passage.answer_span)]
        pool += [answer[start:end] for start, end in sentences(answer)]
    pool = [sentence for sentence in pool if sentence.endswith("。") and sentence[0].isalnum()]
    chance = random.Random(7)
    corpus.mkdir()
    for first in range(0, passages, ENTRIES):
        entries = (
            f"## {chance.choice(questions)}\n\n{''.join(chance.sample(pool, chance.randint(2, 5)))}\n"
            for _ in range(min(ENTRIES, passages - first))
        )
        (corpus / f"{first // ENTRIES:06}.md").write_text("\n".join(entries), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=9, help="new processes to take the median of (default: 9)")
    parser.add_argument("--passages", type=int, metavar="N", help="measure N synthetic passages with random vectors")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    questions = [question.question for question in read_golden(GOLDEN)]
    with tempfile.TemporaryDirectory() as folder:
        if options.passages is None:
            rows = list(measure(Path(folder), questions, options.runs))
        else:
            rows = list(measure_scaling(Path(folder), options.passages, questions))
    if options.json:
        print(json.dumps([{"name": r.name, "value": r.value, "unit": r.unit, "ratio": r.ratio} for r in rows]))
        return
    print(f"{os.cpu_count()} CPU cores, {platform.machine()}, Python {platform.python_version()}")
    for row in rows:
        print(f"{row.name:82} {row.value:9.3g} {row.unit:2} {row.ratio:8.2f} × baseline")


if __name__ == "__main__":
    main()
