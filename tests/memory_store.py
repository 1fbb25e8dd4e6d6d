"""A second store, in memory and by brute force: what `rag.store.base.Store` asks for, and nothing else."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rag.encoders.base import Encoded, Encoder, Vectors
from rag.passages.split import split
from rag.passages.views import embed, heading_text
from rag.store.base import Candidate, NoteRecord, late_interaction
from rag.text.glossary import Glossary
from rag.text.normal import is_chinese
from rag.text.tokens import tokens
from rag.text.typos import LATIN, sounds
from rag.types import Note, Passage, Span

FIRST, STEP = 1_000, 7  # of the ids, so that nobody takes them for places in a list
K1, B = 1.2, 0.75
HEADING_BOOST = 2.0


@dataclass(frozen=True, slots=True)
class Held:
    """A passage with what is known of it; `fields` are its tokens with what they count: heading, body, sounds."""

    passage: Passage
    encoded: Encoded
    spans: tuple[Span, ...]
    fields: tuple[tuple[float, Counter[str]], ...]

    def holds(self, token: str) -> bool:
        return any(token in counts for _, counts in self.fields)


class MemoryStore:
    """Passages of `notes` by `encoder`; its level was never measured."""

    def __init__(self, notes: Iterable[Note], encoder: Encoder, glossary: Glossary | None = None) -> None:
        self.glossary = glossary or Glossary(())
        self.level: float | None = None
        self.notes: list[NoteRecord] = []
        self._held: dict[int, Held] = {}
        for note in notes:
            passages = split(note)
            asked = sum(passage.question is not None for passage in passages)
            self.notes.append(NoteRecord(note.source, note.sha256, len(passages), asked))
            for passage in passages:
                self._held[FIRST + STEP * len(self._held)] = hold(passage, encoder)
        self.identity = f"memory-{id(self)}"

    @property
    def size(self) -> int:
        return len(self._held)

    @property
    def english(self) -> int:
        return sum(not is_chinese(held.passage.text) for held in self._held.values())

    def note(self, source: str) -> NoteRecord | None:
        return next((note for note in self.notes if note.source == source), None)

    def candidates(self, question: Encoded, weights: Mapping[str, float], limit: int) -> list[Candidate]:
        found = [self._candidate(id, question, weights) for id in self._held]
        by_vector = sorted(found, key=lambda candidate: (-candidate.dense, candidate.id))
        by_words = sorted((one for one in found if one.lexical), key=lambda one: (-one.lexical, one.id))
        chosen = {one.id for one in (*by_vector[:limit], *by_words[:limit])}
        return [candidate for candidate in by_vector if candidate.id in chosen]

    def passage(self, id: int) -> Passage:
        return self._held[id].passage

    def passages(self, source: str | None = None) -> Iterator[tuple[int, Passage]]:
        return ((id, held.passage) for id, held in self._held.items() if source in (None, held.passage.source))

    def vectors(self, ids: Sequence[int]) -> Vectors:
        rows = [self._held[id].encoded.whole for id in ids]
        return np.stack(rows) if rows else np.zeros((0, 0), np.float32)

    def sentences(self, id: int, question: Vectors) -> dict[Span, float]:
        held = self._held[id]
        return dict(zip(held.spans, (held.encoded.vectors[1:] @ question).tolist(), strict=True))

    def document_frequency(self, token: str) -> int:
        return sum(held.holds(token) for held in self._held.values())

    def words(self) -> Collection[str]:
        return sorted(
            {
                token
                for held in self._held.values()
                for _, counts in held.fields
                for token in counts
                if LATIN.fullmatch(token)
            }
        )

    def _candidate(self, id: int, question: Encoded, weights: Mapping[str, float]) -> Candidate:
        held, sentences = self._held[id], self.sentences(id, question.whole)
        dense = float(held.encoded.whole @ question.whole)
        best = max(sentences, key=lambda span: sentences[span], default=(0, len(held.passage.text)))
        sentence = sentences.get(best, dense)
        late = weakest = sentence
        if len(question.tokens) and len(held.encoded.tokens):
            nearest = (held.encoded.tokens @ question.tokens.T).max(0)
            late, weakest = (float(values[0]) for values in late_interaction(nearest[None], question.weights))
        return Candidate(id, dense, sentence, best, self._bm25(held, weights), late, weakest)

    def _bm25(self, held: Held, weights: Mapping[str, float]) -> float:
        return sum(
            weight * boost * self._field(place, counts, token)
            for token, weight in weights.items()
            for place, (boost, counts) in enumerate(held.fields)
        )

    def _field(self, place: int, counts: Counter[str], token: str) -> float:
        if not counts[token]:
            return 0.0
        all_of = [held.fields[place][1] for held in self._held.values()]
        frequency = sum(token in one for one in all_of)
        idf = math.log(1 + (self.size - frequency + 0.5) / (frequency + 0.5))
        length = counts.total() * self.size / max(1, sum(one.total() for one in all_of))
        return idf * counts[token] * (K1 + 1) / (counts[token] + K1 * (1 - B + B * length))


def hold(passage: Passage, encoder: Encoder) -> Held:
    embedded = embed(passage)
    (encoded,) = encoder.encode_passages([embedded.text], [embedded.spans])
    heading, body = list(tokens(heading_text(passage))), list(tokens(passage.text))
    heard = Counter(sound for token in (*heading, *body) for sound in sounds(token))
    return Held(
        passage, encoded, embedded.origins, ((HEADING_BOOST, Counter(heading)), (1.0, Counter(body)), (1.0, heard))
    )
