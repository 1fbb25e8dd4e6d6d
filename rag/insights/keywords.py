"""The words by which a passage differs from all others: what one would look for to find it."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator

from rag.question.frames import QUESTION_FRAMES, STOP_WORDS
from rag.store.base import Store
from rag.text.normal import HAN_RUN, normalize
from rag.text.tokens import RUN, tokens

COUNT = 5
LONGEST = 6  # characters of a Chinese word
MIN_LETTERS = 3  # of a Latin word: a shorter one is a variable in a formula
VARIETY = 2  # different characters that stand before a word, and after it: else it is a piece of a longer one


def telling(store: Store, id: int, count: int = COUNT) -> tuple[str, ...]:
    """Returns up to `count` words of a passage, in normal form, by falling tf·idf; none that stands in all passages.

    Chinese ones are those that the passage repeats in different company (accessor variety, Feng et al. 2004).
    """
    normal = normalize(QUESTION_FRAMES.sub(" ", store.passage(id).text))
    times = Counter(_latin_words(normal)) + _chinese_words(normal)
    weights = {word: math.sqrt(often) * _rarity(store, word) for word, often in times.items()}
    words = sorted(filter(weights.__getitem__, weights), key=lambda word: (-weights[word], word))
    return tuple(word for word in words if not any(word != other and word in other for other in words[:count]))[:count]


def _rarity(store: Store, word: str) -> float:
    """Returns the inverse document frequency of a word, of its rarest token where it has several."""
    return max(math.log(store.size / max(1, store.document_frequency(token))) for token in tokens(word))


def _latin_words(normal: str) -> Iterator[str]:
    for match in RUN.finditer(normal):
        word = match["word"]
        if word and word.isalpha() and len(word) >= MIN_LETTERS and word not in STOP_WORDS:
            yield word


def _chinese_words(normal: str) -> Counter[str]:
    """Returns the strings of Han characters that stand in different company, with how often they do."""
    before: defaultdict[str, set[object]] = defaultdict(set)
    after: defaultdict[str, set[object]] = defaultdict(set)
    times: Counter[str] = Counter()
    for run in HAN_RUN.finditer(normal):
        text = run.group()
        for start in range(len(text)):
            for end in range(start + 2, min(start + LONGEST, len(text)) + 1):
                word = text[start:end]
                times[word] += 1
                # what ends a run is another neighbour each time
                before[word].add(text[start - 1] if start else run.start())
                after[word].add(text[end] if end < len(text) else run.end())
    return Counter(
        {word: often for word, often in times.items() if len(before[word]) >= VARIETY and len(after[word]) >= VARIETY}
    )
