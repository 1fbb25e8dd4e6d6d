"""From what a person typed to ranked passages: the question in its conversation, then all that it asks.

A wording that may be meant is searched for like any question, and the scores decide between them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from rag.encoders.base import Encoder
from rag.passages.views import embedded_text
from rag.question.decomposition import questions, sides
from rag.question.followup import Cue, Form, resolve
from rag.question.frames import has_subject, without_filler
from rag.retrieval.reranker import Reranker
from rag.retrieval.search import Match, Ranking, rank
from rag.retrieval.terms import Reading
from rag.store.base import Store
from rag.text.normal import letters
from rag.types import Earlier

PLAINLY = 6.0  # what speaks for a question being meant in its conversation that says so plainly, as a logit
SAME_NOTE = 1.0  # what a passage of the note that answered before has over others, as a logit, in the order only
NEARER = 3.0  # what the last topic has over the one before, as a logit too
SURER = 0.05  # as much surer at least is what is meant in a conversation
SURE_ALONE = 0.5  # so sure of it alone, what only may be meant in its conversation is not

RERANKED = 20  # passages of a search: the right one is nearly always among them, each costs a cross-encoder's pass


def retrieve(
    store: Store,
    encoder: Encoder,
    question: str,
    earlier: Sequence[Earlier],
    limit: int,
    reranker: Reranker | None = None,
) -> Ranking:
    """Returns the best `limit` passages for `question` after the `earlier` ones of the same person."""
    whole = _without_filler(store, encoder, question, earlier, _in_context(store, encoder, question, earlier))
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


def _in_context(store: Store, encoder: Encoder, question: str, earlier: Sequence[Earlier]) -> Ranking:
    """Returns the ranking for the question alone or for what it may mean after the `earlier` ones."""
    resolved = resolve(question, earlier)
    topics = {form.text: form.topic for form in resolved.forms}
    alone = () if resolved.cue is Cue.NEEDED else (question,)
    rankings = rank(store, encoder, (*alone, *topics))
    if resolved.cue is not Cue.NONE:
        rankings = [_beside_the_last(one, earlier[-1].source) for one in rankings]
    if resolved.cue in (Cue.POSSIBLE, Cue.HINTED):
        meant = max(rankings[1:], key=lambda one: one.best)
        best = meant if _goes_on(store, rankings[0], meant, hinted=resolved.cue is Cue.HINTED) else rankings[0]
    else:
        nearest = resolved.forms[0].text if resolved.forms else question
        prior = PLAINLY if resolved.cue is Cue.PLAIN else 0.0
        best = max(
            rankings,
            key=lambda one: one.best + prior * (one.question in topics) + NEARER * (one.question == nearest),
        )
    return dataclasses.replace(best, topic=topics.get(best.question, ""))


def _beside_the_last(ranking: Ranking, source: str) -> Ranking:
    """Returns the ranking of a question that may go on, where the note that answered the last one is likelier."""
    matches = sorted(ranking.matches, key=lambda match: -(match.logit + SAME_NOTE * (match.passage.source == source)))
    return dataclasses.replace(ranking, matches=tuple(matches))


def _without_filler(
    store: Store, encoder: Encoder, question: str, earlier: Sequence[Earlier], whole: Ranking
) -> Ranking:
    """Returns the ranking for the question without what is said around it where that is surer; a sure one stays."""
    bare = without_filler(question)
    if bare == question or not whole.matches or whole.matches[0].is_sure:
        return whole
    again = _in_context(store, encoder, bare, earlier)
    if again.best <= whole.best:
        return whole
    return dataclasses.replace(again, question=question) if again.question == bare else again


def _goes_on(store: Store, alone: Ranking, meant: Ranking, *, hinted: bool) -> bool:
    """Says whether a question that may stand alone goes on from those before it.

    In its conversation it finds something surer; without a hint alone it finds nothing sure either, and the passage
    holds as many of the question's own words: were it about something new, they would stand there and not here. What
    begins with a subject that stands nowhere (长城有多长) is about something that the notes do not know.
    """
    if not alone.matches or not meant.matches or meant.matches[0].score <= alone.matches[0].score + SURER:
        return False
    reading = Reading.of(alone.question, store)
    there, here = (reading.coverage(reading.held_by(one.matches[0].passage)) for one in (alone, meant))
    if here < there or (has_subject(alone.question) and not here):
        return False
    return hinted or alone.matches[0].score < SURE_ALONE


def _resolved(asked: Sequence[str]) -> list[str]:
    """Returns the questions of one message, each understood after those before it: 残差有什么用？SwiGLU 呢？"""
    meant: list[str] = []
    before: list[Earlier] = []
    for question in asked:
        resolved = resolve(question, before)
        form = resolved.forms[0] if resolved.cue in (Cue.PLAIN, Cue.NEEDED) else Form(question, "")
        meant.append(form.text)
        before.append(Earlier(question, form.topic))
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
    wanted = tuple(ranks[id] for id in bests if id in ranks)
    return dataclasses.replace(whole, matches=tuple(kept), wanted=wanted)
