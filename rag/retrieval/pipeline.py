"""From what a person typed to ranked passages: the question in its conversation, then all that it asks.

A wording that may be meant is searched for like any question, and the scores decide between them.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

from rag.encoders.base import Encoder
from rag.passages.views import embedded_text
from rag.question.decomposition import questions, sides
from rag.question.followup import Cue, resolve
from rag.retrieval.reranker import Reranker
from rag.retrieval.search import Match, Ranking, rank
from rag.store.base import Store
from rag.text.normal import letters

# What speaks for a question being meant in its conversation, as a logit beside those of the passages found.
PRIORS = {Cue.NEEDED: math.inf, Cue.PLAIN: 6.0, Cue.POSSIBLE: -1.0}

RERANKED = 20  # passages of a search: the right one is nearly always among them, each costs a cross-encoder's pass


def retrieve(
    store: Store,
    encoder: Encoder,
    question: str,
    earlier: Sequence[str],
    limit: int,
    reranker: Reranker | None = None,
) -> Ranking:
    """Returns the best `limit` passages for `question` after the `earlier` ones of the same person."""
    whole = _in_context(store, encoder, question, earlier)
    if own := _asked_by_the_notes(whole):
        return _first(own, limit, reranker)
    compared = sides(whole.question)
    wordings = compared or _resolved(questions(whole.question))
    if not wordings or not whole.matches:
        return _first(whole, limit, reranker)
    parts = [_reranked(part, reranker) for part in rank(store, encoder, wordings)]
    sure = [part for part in parts if part.matches and part.matches[0].is_sure]
    if not sure or (compared and len(sure) < len(parts) and not whole.matches[0].is_sure):
        return _first(whole, limit, reranker)  # one side of a comparison compares nothing
    return merge(whole, sure, limit)


def _asked_by_the_notes(whole: Ranking) -> Ranking | None:
    """Returns the ranking with the entry first that has this very question, which then needs no parts; else None."""
    asked = letters(whole.question)
    for place, match in enumerate(whole.matches[:RERANKED]):
        if asked and letters(match.passage.question or "") == asked:
            others = (*whole.matches[:place], *whole.matches[place + 1 :])
            return dataclasses.replace(whole, matches=(match, *others))
    return None


def _first(whole: Ranking, limit: int, reranker: Reranker | None) -> Ranking:
    return dataclasses.replace(whole, matches=_reranked(whole, reranker).matches[:limit])


def _reranked(whole: Ranking, reranker: Reranker | None) -> Ranking:
    """Returns the ranking with its first RERANKED passages in the order of the reranker, where there is one.

    Their logits stay those of fusion, which are calibrated: a passage that only the reranker favours is shown first,
    but does not count as found.
    """
    if reranker is None:
        return whole
    head, rest = whole.matches[:RERANKED], whole.matches[RERANKED:]
    scores = reranker.scores(whole.question, [embedded_text(match.passage)[0] for match in head])
    order = sorted(range(len(head)), key=lambda place: -scores[place])
    return dataclasses.replace(whole, matches=(*(head[place] for place in order), *rest))


def _in_context(store: Store, encoder: Encoder, question: str, earlier: Sequence[str]) -> Ranking:
    """Returns the ranking for the question alone or for what it may mean after the `earlier` ones.

    With no more than a possible cue, a question that finds nothing alone is off topic, and stays so: any earlier topic
    would find something.
    """
    resolved = resolve(question, earlier)
    alone = () if resolved.cue is Cue.NEEDED else (question,)
    rankings = rank(store, encoder, (*alone, *resolved.forms))
    if resolved.cue is Cue.POSSIBLE and not any(match.is_sure for match in rankings[0].matches[:1]):
        return rankings[0]
    return max(rankings, key=lambda one: one.best + (0.0 if one.question == question else PRIORS[resolved.cue]))


def _resolved(asked: Sequence[str]) -> list[str]:
    """Returns the questions of one message, each understood after those before it: 残差有什么用？SwiGLU 呢？"""
    meant: list[str] = []
    for question in asked:
        resolved = resolve(question, meant)
        meant.append(resolved.forms[0] if resolved.cue in (Cue.PLAIN, Cue.NEEDED) else question)
    return meant


def merge(whole: Ranking, parts: Sequence[Ranking], limit: int) -> Ranking:
    """Returns `whole` with the best passage of each part among its first `limit`, each as the surest wording has it.

    What comes first stays first when it is sure: it may answer all the parts.
    """
    first = whole.matches[0]
    bests = {part.matches[0].id: part.matches[0] for part in parts}
    if first.is_sure and first.id not in bests:
        bests = {first.id: first, **bests}
    everything = [match for one in (whole, *parts) for match in one.matches]
    surest = [max((m for m in everything if m.id == id), key=lambda m: m.logit) for id in bests]

    def order(match: Match) -> tuple[bool, float]:
        return not first.is_sure or match.id != first.id, -match.logit

    others = (match for match in whole.matches if match.id not in bests)
    kept = sorted([*sorted(surest, key=order), *others][:limit], key=order)
    ranks = {match.id: place for place, match in enumerate(kept, 1)}
    return Ranking(whole.question, tuple(kept), tuple(ranks[id] for id in bests if id in ranks))
