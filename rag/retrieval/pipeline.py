"""From what a person typed to ranked passages: the question in its conversation, then all that it asks.

A wording that may be meant is searched for like any question, and the scores decide between them.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass

from rag.encoders.base import Encoded, Encoder
from rag.passages.views import embedded_text
from rag.question.decomposition import questions, sides
from rag.question.followup import Cue, resolve
from rag.retrieval.calibration import THRESHOLD
from rag.retrieval.reranker import Reranker
from rag.retrieval.search import Ranked, search
from rag.store.local import Index
from rag.text.normal import letters

# What speaks for a question being meant in its conversation, as a logit beside those of the passages found.
PRIORS = {Cue.NEEDED: math.inf, Cue.PLAIN: 6.0, Cue.POSSIBLE: -1.0}

RERANKED = 20  # passages of a search: the right one is nearly always among them, each costs a cross-encoder's pass


@dataclass(frozen=True, slots=True)
class Found:
    """A passage with the wording it was found for, as text and as vectors."""

    ranked: Ranked
    question: str
    encoded: Encoded

    @property
    def number(self) -> int:
        return self.ranked.candidate.number

    @property
    def is_sure(self) -> bool:
        return self.ranked.score >= THRESHOLD


@dataclass(frozen=True, slots=True)
class Search:
    """A question as it was understood, and what it found, best first.

    `wanted` are the ranks, from 1, of the passages that answer it: the best, or that of each of its parts.
    """

    question: str
    found: tuple[Found, ...]
    wanted: tuple[int, ...] = (1,)

    @property
    def best(self) -> float:
        return self.found[0].ranked.logit if self.found else -math.inf


def ask(
    index: Index,
    encoder: Encoder,
    question: str,
    earlier: Sequence[str],
    limit: int,
    reranker: Reranker | None = None,
) -> Search:
    """Returns the best `limit` passages for `question` after the `earlier` ones of the same person."""
    whole = _in_context(index, encoder, question, earlier)
    if own := _asked_by_the_notes(whole):
        return _first(own, limit, reranker)
    compared = sides(whole.question)
    wordings = compared or _resolved(questions(whole.question))
    if not wordings or not whole.found:
        return _first(whole, limit, reranker)
    parts = [_reranked(part, reranker) for part in _search(index, encoder, wordings)]
    sure = [part for part in parts if part.found and part.found[0].is_sure]
    if not sure or (compared and len(sure) < len(parts) and not whole.found[0].is_sure):
        return _first(whole, limit, reranker)  # one side of a comparison compares nothing
    return merged(whole, sure, limit)


def _asked_by_the_notes(whole: Search) -> Search | None:
    """Returns the search with the entry first that has this very question, which then needs no parts; else None."""
    asked = letters(whole.question)
    for place, found in enumerate(whole.found[:RERANKED]):
        if asked and letters(found.ranked.passage.question or "") == asked:
            return dataclasses.replace(whole, found=(found, *whole.found[:place], *whole.found[place + 1 :]))
    return None


def _first(whole: Search, limit: int, reranker: Reranker | None) -> Search:
    return dataclasses.replace(whole, found=_reranked(whole, reranker).found[:limit])


def _reranked(whole: Search, reranker: Reranker | None) -> Search:
    """Returns the search with its first RERANKED passages in the order of the reranker, where there is one.

    Their logits stay those of fusion, which are calibrated: a passage that only the reranker favours is shown first,
    but does not count as found.
    """
    if reranker is None:
        return whole
    head, rest = whole.found[:RERANKED], whole.found[RERANKED:]
    scores = reranker.scores(whole.question, [embedded_text(found.ranked.passage)[0] for found in head])
    order = sorted(range(len(head)), key=lambda place: -scores[place])
    return dataclasses.replace(whole, found=(*(head[place] for place in order), *rest))


def _in_context(index: Index, encoder: Encoder, question: str, earlier: Sequence[str]) -> Search:
    """Returns the search for the question alone or for what it may mean after the `earlier` ones.

    With no more than a possible cue, a question that finds nothing alone is off topic, and stays so: any earlier topic
    would find something.
    """
    resolved = resolve(question, earlier)
    alone = () if resolved.cue is Cue.NEEDED else (question,)
    searches = _search(index, encoder, (*alone, *resolved.forms))
    if resolved.cue is Cue.POSSIBLE and not any(found.is_sure for found in searches[0].found[:1]):
        return searches[0]
    return max(searches, key=lambda one: one.best + (0.0 if one.question == question else PRIORS[resolved.cue]))


def _search(index: Index, encoder: Encoder, wordings: Sequence[str]) -> list[Search]:
    return [
        Search(wording, tuple(Found(ranked, wording, encoded) for ranked in search(index, wording, encoded)))
        for wording, encoded in zip(wordings, encoder.encode_questions(wordings), strict=True)
    ]


def _resolved(asked: Sequence[str]) -> list[str]:
    """Returns the questions of one message, each understood after those before it: 残差有什么用？SwiGLU 呢？"""
    meant: list[str] = []
    for question in asked:
        resolved = resolve(question, meant)
        meant.append(resolved.forms[0] if resolved.cue in (Cue.PLAIN, Cue.NEEDED) else question)
    return meant


def merged(whole: Search, parts: Sequence[Search], limit: int) -> Search:
    """Returns `whole` with the best passage of each part among its first `limit`, each as the surest wording has it.

    What comes first stays first when it is sure: it may answer all the parts.
    """
    first = whole.found[0]
    bests = {part.found[0].number: part.found[0] for part in parts}
    if first.is_sure and first.number not in bests:
        bests = {first.number: first, **bests}
    everything = [found for one in (whole, *parts) for found in one.found]
    surest = [max((f for f in everything if f.number == number), key=lambda f: f.ranked.logit) for number in bests]

    def order(found: Found) -> tuple[bool, float]:
        return not first.is_sure or found.number != first.number, -found.ranked.logit

    others = (found for found in whole.found if found.number not in bests)
    kept = sorted([*sorted(surest, key=order), *others][:limit], key=order)
    ranks = {found.number: rank for rank, found in enumerate(kept, 1)}
    return Search(whole.question, tuple(kept), tuple(ranks[number] for number in bests if number in ranks))
