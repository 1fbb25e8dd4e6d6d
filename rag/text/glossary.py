"""Other names of the same thing: the glossary that a person keeps at the top of the corpus, `glossary.tsv`.

Each line holds the names of one thing, separated by tabs; lines that begin with "#" are comments.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from rag.text.normal import HAN, normalize
from rag.text.tokens import tokens
from rag.types import Cause, Reason, Skipped

SOURCE = "glossary.tsv"
WORD = re.compile(rf"[^\W_{HAN}]")
Names = tuple[str, ...]  # of one thing, in normal form


@dataclass(frozen=True, slots=True)
class Mention:
    """A name that stands in a question, in normal form, and what else the same thing is called."""

    name: str
    others: Names


class Glossary:
    """Finds names in questions; a name in several entries has the other names of all of them."""

    def __init__(self, entries: Iterable[Names]) -> None:
        self.entries = tuple(entries)
        self._others: dict[str, Names] = {}
        for names in self.entries:
            for name in names:
                others = (*self._others.get(name, ()), *(other for other in names if other != name))
                self._others[name] = tuple(dict.fromkeys(others))
        self._by_first: dict[str, list[str]] = {}
        for name in sorted(self._others, key=len, reverse=True):
            self._by_first.setdefault(name[0], []).append(name)

    @classmethod
    def from_text(cls, text: str) -> Glossary:
        """Returns the glossary whose `to_text` this is."""
        return cls(tuple(line.split("\t")) for line in text.split("\n") if line)

    def to_text(self) -> str:
        return "".join("\t".join(names) + "\n" for names in self.entries)

    def mentions(self, question: str) -> tuple[Mention, ...]:
        """Returns the names that stand in `question`, from left to right, the longest where several begin.

        A Latin name stands there only as a whole word: `RAG` is not in `storage`, but it is in `用RAG做`.
        """
        text = normalize(question)
        found: dict[str, Mention] = {}
        place = 0
        while place < len(text):
            alike = self._by_first.get(text[place], ())
            name = next((name for name in alike if _stands_at(name, text, place)), None)
            if name:
                found[name] = Mention(name, self._others[name])
            place += len(name) if name else 1
        return tuple(found.values())


def parse(text: str) -> tuple[Glossary, tuple[Skipped, ...]]:
    """Returns the glossary that a person wrote, and the lines that cannot be used, by number from 1, with the reason.

    A name needs a letter or a digit; what has none is passed over, as empty names are.
    """
    entries: list[Names] = []
    skipped: list[Skipped] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        spaced = (" ".join(normalize(name).split()) for name in line.split("\t"))
        names = tuple(dict.fromkeys(name for name in spaced if any(tokens(name))))
        if len(names) > 1:
            entries.append(names)
        else:
            skipped.append(Skipped(f"{SOURCE}:{number}", Reason(Cause.ONE_NAME)))
    return Glossary(entries), tuple(skipped)


def _stands_at(name: str, text: str, place: int) -> bool:
    return text.startswith(name, place) and _is_border(text, place) and _is_border(text, place + len(name))


def _is_border(text: str, place: int) -> bool:
    """True unless a Latin word or a number goes on across `place`; between Han characters there is always a border."""
    around = text[max(0, place - 1) : place + 1]
    return not (len(around) == 2 and WORD.match(around[0]) and WORD.match(around[1]))
