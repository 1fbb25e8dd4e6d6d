"""A question as lexical tokens: what each weighs in these notes, and how else it may have been written."""

from __future__ import annotations

import enum
import functools
import math
from dataclasses import dataclass

from rag.passages.views import heard, lexical_text
from rag.question.frames import content_tokens
from rag.retrieval import fusion
from rag.store.base import Store
from rag.text.bilingual import translations
from rag.text.glossary import Glossary
from rag.text.normal import is_chinese
from rag.text.tokens import needle, runs, tokens
from rag.text.typos import is_sound, nearest_word, sounds
from rag.types import Passage

# How surely a token is meant that does not stand in the question as such.
TRANSLATED = 0.9  # times what the word list says
HEARD = 0.6  # another word that sounds the same
MEANT = 0.9  # a Latin word that is one slip away
NAMED = 0.95  # another name of the same thing, by the glossary
SHORT = 2.0  # a short question says no more than so many tokens that no note holds


REMEMBERED = 10_000  # passages whose words stay in memory once they were looked through, about 5 kB each


class How(enum.StrEnum):
    """In what form a passage holds a word of the question; the most literal first."""

    TYPED = "typed"
    NAMED = "named"  # another name, by the glossary
    TRANSLATED = "translated"
    MEANT = "meant"  # a Latin word, one slip away
    HEARD = "heard"  # other characters of the same sound


@dataclass(frozen=True, slots=True)
class Spelling:
    """Tokens that together say what one token of the question says, how surely, 0–1, and in what form."""

    tokens: tuple[str, ...]
    surety: float
    how: How


@dataclass(frozen=True, slots=True)
class Term:
    """A token of the question: its idf in the notes, whether they know it, and what else it may be written as.

    `latin` are words and names with a Latin letter, as "lora" and "k2".
    """

    weight: float
    latin: bool
    known: bool
    spellings: tuple[Spelling, ...]

    def share_in(self, held: str) -> float:
        """Returns the surety of the surest spelling in `held`, as `runs` has it, 0 when there is none."""
        return max((s.surety for s in self.spellings if all(needle(token) in held for token in s.tokens)), default=0.0)


@dataclass(frozen=True, slots=True)
class Reading:
    """A question as tokens.

    `queried` are the weights for the postings, `strange` as in `Signals`; `heard` says that some word of it is known by
    its sound only. `scale` is what shared words are measured against: for a short question the summed idf of its terms,
    so that they are a share; for a longer one its geometric mean with that of a short one, since half of a long
    question is more evidence than half of a short one.
    """

    terms: tuple[Term, ...]
    queried: dict[str, float]
    scale: float
    strange: float
    chinese: bool
    heard: bool

    @classmethod
    def of(cls, question: str, store: Store) -> Reading:
        named = _named(question, store.glossary)
        chinese = is_chinese(question)
        terms = tuple(
            _term(token, named.get(token, ()), store, chinese) for token in dict.fromkeys(content_tokens(question))
        )
        queried: dict[str, float] = {}
        for term in terms:
            for spelling in term.spellings:
                for token in spelling.tokens:
                    queried[token] = max(queried.get(token, 0.0), spelling.surety / len(spelling.tokens))
        total = sum(term.weight for term in terms) or 1.0
        strange = sum(term.weight for term in terms if term.latin and not term.known) / total
        heard = any(is_sound(token) for token in queried)
        short = SHORT * fusion.inverse_document_frequency(0, store.size)
        return cls(terms, queried, min(total, math.sqrt(total * short)), strange, chinese, heard)

    def held_by(self, passage: Passage) -> str:
        """Returns where the needles of the spellings are looked for, in headings, question and text of a passage."""
        return _held(passage) + (_sounding(passage) if self.heard else "")

    def coverage(self, held: str) -> float:
        """Returns `covered` as in `Signals`, from what a passage holds, as `held_by` has it."""
        return sum(term.weight * term.share_in(held) for term in self.terms) / self.scale


@functools.lru_cache(REMEMBERED)
def _held(passage: Passage) -> str:
    return runs(lexical_text(passage))


@functools.lru_cache(REMEMBERED)
def _sounding(passage: Passage) -> str:
    return heard(lexical_text(passage))


def _named(question: str, glossary: Glossary) -> dict[str, tuple[Spelling, ...]]:
    """Returns what the glossary has for the tokens of the names that stand in `question`."""
    named: dict[str, tuple[Spelling, ...]] = {}
    for mention in glossary.mentions(question):
        others = tuple(Spelling(tuple(tokens(name)), NAMED, How.NAMED) for name in mention.others)
        for token in tokens(mention.name):
            named[token] = (*named.get(token, ()), *others)
    return named


def _term(token: str, named: tuple[Spelling, ...], store: Store, chinese: bool) -> Term:
    translated = _translated(token, store)
    spellings = [Spelling((token,), 1.0, How.TYPED), *named, *translated]
    if not any(map(store.document_frequency, (token for s in spellings for token in s.tokens))):
        spellings += [Spelling((sound,), HEARD, How.HEARD) for sound in sounds(token)]
        if meant := nearest_word(token, store.words()):
            spellings.append(Spelling((meant,), MEANT, How.MEANT))
    frequency = max(min(map(store.document_frequency, spelling.tokens)) for spelling in spellings)
    weight = fusion.inverse_document_frequency(frequency, store.size)
    known = frequency > 0 or bool(named) or (bool(translated) and not chinese)  # CLIP among Chinese is a name
    return Term(weight, token.isascii() and not token.isdigit(), known, tuple(spellings))


def _translated(token: str, store: Store) -> tuple[Spelling, ...]:
    """Returns the token in the other language; Chinese in English only where that may be what the notes hold."""
    if not token.isascii() and not store.english and store.document_frequency(token):
        return ()
    return tuple(
        Spelling(tuple(tokens(word)), TRANSLATED * surety, How.TRANSLATED) for word, surety in translations(token)
    )
