"""From a question to an answer: the one place where index, encoder and fusion meet."""

from __future__ import annotations

import dataclasses
import threading
import unicodedata
from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path

from rag import fusion
from rag.config import MAX_QUESTION_CHARACTERS
from rag.encoder import Encoder, Vectors
from rag.errors import IndexUnusable, QuestionRejected
from rag.fusion import Signals
from rag.index import Candidate, Index, current_identity
from rag.notes import NoteUnreadable, read_note
from rag.passages import answer_span, sentences
from rag.sounds import sounds
from rag.text import clean, content_tokens, is_chinese, tokens
from rag.translation import translations
from rag.types import Answer, Hit, Passage, Span

CANDIDATES = 50  # from each channel; the right passage is nearly always among them
# How surely a token is meant that does not stand in the question as such.
TRANSLATED = 0.9  # times what the word list says
HEARD = 0.6  # another word that sounds the same
MEANT = 0.9  # a Latin word that is one slip away
LANGUAGE_SAMPLE = 200  # characters that tell the language of a passage
READ = 30  # of these are looked at word by word
QUOTE_CHARACTERS = 300  # of prose without a question: what a person reads before opening the note


class Assistant:
    """Answers questions from one generation of the index; safe to share between threads.

    `refresh` swaps one reference, so that a question under way keeps the generation it began with.
    """

    def __init__(self, index: Index, encoder: Encoder, folder: Path) -> None:
        self.index = index
        self._encoder = encoder
        self._folder = folder
        self._swapping = threading.Lock()
        self._refused: str | None = None  # a generation that could not be opened; it will not get better

    @classmethod
    def open(cls, index: Path, encoder: Encoder) -> Assistant:
        """Raises IndexMissing, IndexMismatch or IndexCorrupt."""
        return cls(Index.open(index, encoder), encoder, index)

    def refresh(self) -> bool:
        """Swaps to a newer generation when one was published and can be read; returns whether it did."""
        with self._swapping:
            published = current_identity(self._folder)
            if published in (None, self.index.identity, self._refused):
                return False
            try:
                newer = Index.open(self._folder, self._encoder)
            except IndexUnusable:
                self._refused = published  # what is in memory is whole: go on answering from it
                return False
            if newer.identity != published:
                self._refused = published
            swapped = newer.identity != self.index.identity
            self.index = newer
            return swapped

    def ask(self, question: str, limit: int = 5) -> Answer:
        """Returns the answer with the best `limit` passages; raises QuestionRejected."""
        question = check_question(question)
        index = self.index
        vector = self._encoder.encode_questions([question])[0]
        scored = [(fusion.score(s), c, p) for c, p, s in _read(index, question, vector, max(READ, limit))]
        scored.sort(key=lambda entry: (-entry[0], entry[1].number))
        best = scored[:limit]
        stale = {source: is_stale(index, source) for source in {passage.source for _, _, passage in best}}
        return compose(question, tuple(_hit(index, vector, stale[p.source], s, c, p) for s, c, p in best))

    def read(self, question: str) -> list[tuple[Candidate, Passage, Signals]]:
        """Returns the passages that were looked at word by word, with their signals: what `benchmarks/fit.py` fits."""
        question = check_question(question)
        return _read(self.index, question, self._encoder.encode_questions([question])[0], READ)


def _read(index: Index, question: str, vector: Vectors, limit: int) -> list[tuple[Candidate, Passage, Signals]]:
    """Returns the `limit` candidates that look best, read word by word, still in the order of the first look."""
    reading = _Reading.of(question, index)
    seen = [
        (candidate, passage, reading.glance(candidate, passage, index))
        for candidate in index.candidates(vector, reading.queried, CANDIDATES)
        for passage in (index.passage(candidate.number),)
    ]
    seen.sort(key=lambda entry: (-fusion.score(entry[2]), entry[0].number))
    return [
        (candidate, passage, reading.study(signals, index.tokens_of(candidate.number)))
        for candidate, passage, signals in seen[:limit]
    ]


def _hit(index: Index, vector: Vectors, stale: bool, score: float, candidate: Candidate, passage: Passage) -> Hit:
    best = candidate.best
    answer_start, answer_end = answer_span(passage)
    if best[0] < answer_start:  # the question line is nearest to a question, but says nothing
        best = index.best_sentence(candidate.number, vector, (answer_start, answer_end)) or best
    return Hit(passage, score, best, stale)


@dataclass(frozen=True, slots=True)
class _Spelling:
    """Tokens that together say what one token of the question says, and how surely, 0–1."""

    tokens: tuple[str, ...]
    surety: float


@dataclass(frozen=True, slots=True)
class _Term:
    """A token of the question: its idf in the notes, whether they know it, and what else it may be written as."""

    weight: float
    latin: bool
    known: bool
    spellings: tuple[_Spelling, ...]

    def share_in(self, held: Set[str]) -> float:
        """Returns the surety of the surest spelling among the tokens `held`, 0 when there is none."""
        return max((s.surety for s in self.spellings if all(token in held for token in s.tokens)), default=0.0)


@dataclass(frozen=True, slots=True)
class _Reading:
    """A question as tokens.

    `queried` are the weights for the postings, `total` the summed idf of its terms, `strange` as in `Signals`.
    """

    terms: tuple[_Term, ...]
    queried: dict[str, float]
    total: float
    strange: float
    chinese: bool

    @classmethod
    def of(cls, question: str, index: Index) -> _Reading:
        terms = tuple(_term(token, index) for token in dict.fromkeys(content_tokens(question)))
        queried: dict[str, float] = {}
        for term in terms:
            for spelling in term.spellings:
                for token in spelling.tokens:
                    queried[token] = max(queried.get(token, 0.0), spelling.surety / len(spelling.tokens))
        total = sum(term.weight for term in terms) or 1.0
        strange = sum(term.weight for term in terms if term.latin and not term.known) / total
        return cls(terms, queried, total, strange, is_chinese(question))

    def glance(self, candidate: Candidate, passage: Passage, index: Index) -> Signals:
        """Returns the signals that cost nothing; `covered` and `missed` are still 0."""
        return Signals(
            dense=candidate.dense,
            sentence=candidate.sentence,
            lexical=candidate.lexical / self.total,
            substance=min(1.0, (passage.end - passage.start) / fusion.SUBSTANTIAL),
            beside=index.is_beside_questions(passage),
            covered=0.0,
            missed=0.0,
            strange=self.strange,
            foreign=self.chinese != is_chinese(passage.text[:LANGUAGE_SAMPLE]),
        )

    def study(self, signals: Signals, held: frozenset[str]) -> Signals:
        """Returns `signals` with `covered` and `missed`, from the tokens that the passage holds."""
        shares = [(term, term.share_in(held)) for term in self.terms]
        covered = sum(term.weight * share for term, share in shares) / self.total
        missed = sum(term.weight for term, share in shares if term.latin and not share) / self.total
        return dataclasses.replace(signals, covered=covered, missed=missed)


def _term(token: str, index: Index) -> _Term:
    translated = [_Spelling(tuple(tokens(word)), TRANSLATED * surety) for word, surety in translations(token)]
    spellings = [_Spelling((token,), 1.0), *translated]
    if not any(map(index.document_frequency, (token for s in spellings for token in s.tokens))):
        spellings += [_Spelling((sound,), HEARD) for sound in sounds(token)]
        if meant := index.nearest_word(token):
            spellings.append(_Spelling((meant,), MEANT))
    frequency = max(min(map(index.document_frequency, spelling.tokens)) for spelling in spellings)
    weight = fusion.inverse_document_frequency(frequency, index.size)
    known = frequency > 0 or bool(translated)
    return _Term(weight, token.isascii() and token.isalpha(), known, tuple(spellings))


def check_question(question: str) -> str:
    """Returns the question without control characters; raises QuestionRejected when it is empty or too long."""
    if len(question) > MAX_QUESTION_CHARACTERS:
        raise QuestionRejected(
            f"问题太长：{len(question)} 个字符，最多 {MAX_QUESTION_CHARACTERS} 个，请精简后再问 / "
            f"the question is too long: at most {MAX_QUESTION_CHARACTERS} characters"
        )
    question = " ".join(clean(question).split())
    kinds = {unicodedata.category(character) for character in question}
    if not any(kind[0] in "LN" or kind == "So" for kind in kinds):  # an emoji is a question, punctuation is none
        raise QuestionRejected("请输入问题 / type a question")
    return question


def is_stale(index: Index, source: str) -> bool:
    """Says whether the file on disk is no longer the note that was indexed."""
    digest = next((note.sha256 for note in index.manifest.notes if note.source == source), None)
    try:
        return read_note(index.corpus, source).sha256 != digest
    except NoteUnreadable:
        return True


def compose(question: str, hits: tuple[Hit, ...]) -> Answer:
    """Returns the answer the hits allow: the notes' own words with their citation, or that they hold none.

    Every quoted span is an exact substring of its passage.
    """
    confidence = hits[0].score if hits else 0.0
    if confidence >= fusion.THRESHOLD:
        cited = _pieces(hits)
        quotes = (f"{_quoted(hits[rank - 1])} [{rank}]" for rank in cited)
        return Answer(question, "\n\n".join(quotes), hits, cited, True, confidence)
    nearest = "".join(f"\n- {_heading(hit.passage)}" for hit in hits[:3])
    if is_chinese(question):
        text = f"笔记里没有找到答案。最接近的是：{nearest}" if nearest else "笔记里没有找到答案。"
    else:
        text = f"Not in your notes. The nearest are:{nearest}" if nearest else "Not in your notes."
    return Answer(question, text, hits, (), False, confidence)


def _pieces(hits: tuple[Hit, ...]) -> tuple[int, ...]:
    """Returns the ranks of the best hit and of other pieces of the same long answer, in the order of the note."""
    best = hits[0].passage
    if best.question is None:
        return (1,)
    entry = (best.source, best.headings, best.question)
    same = [
        rank
        for rank, hit in enumerate(hits, 1)
        if (hit.passage.source, hit.passage.headings, hit.passage.question) == entry
    ]
    return tuple(sorted(same, key=lambda rank: hits[rank - 1].passage.start))


def _quoted(hit: Hit) -> str:
    start, end = _quote(hit)
    return hit.passage.text[start:end]


def _quote(hit: Hit) -> Span:
    """Returns what to quote: the answer of a question entry, or of prose the best sentence and those after it."""
    passage = hit.passage
    start, end = answer_span(passage)
    if passage.question is not None or end - start <= QUOTE_CHARACTERS:
        return start, end
    first, last = hit.best
    for sentence_start, sentence_end in sentences(passage.text):
        if sentence_start >= last and sentence_end - first <= QUOTE_CHARACTERS:
            last = sentence_end
    return first, last


def _heading(passage: Passage) -> str:
    return passage.question or (passage.headings[-1] if passage.headings else passage.text.split("\n", 1)[0][:40])


def record(answer: Answer, elapsed_ms: float) -> dict[str, object]:
    """Returns the JSON object that command line, page and API share; no key is called "path" (Gradio's file marker)."""
    return {
        "question": answer.question,
        "found": answer.found,
        "confidence": round(answer.confidence, 4),
        "answer": answer.text,
        "cited": list(answer.cited),
        "hits": [
            {
                "rank": rank,
                "source": hit.passage.source,
                "headings": list(hit.passage.headings),
                "question": hit.passage.question,
                "start_line": hit.passage.start_line,
                "end_line": hit.passage.end_line,
                "text": hit.passage.text,
                "best": list(hit.best),
                "score": round(hit.score, 4),
                "stale": hit.stale,
            }
            for rank, hit in enumerate(answer.hits, 1)
        ],
        "elapsed_ms": round(elapsed_ms, 1),
    }
