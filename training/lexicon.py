"""Writes a Chinese–English word list, `lexicon.tsv`: Chinese, English, Dice coefficient, best first.

Two words belong together when they occur in the same parallel pairs and seldom without each other (Dice 1945). Only
mutual near-best matches are kept, so that frequent words do not attract everything.
"""

from __future__ import annotations

import argparse
import collections
import re
from pathlib import Path

import jieba
import numpy as np
import opencc
import scipy.sparse
from pairs import HAN, read_parallel

ENGLISH_WORD = re.compile(r"[a-z][a-z0-9]+(?:-[a-z0-9]+)*")
STOP = frozenset(
    "the and for that this with are you can from not will have has was were use used using all any may when which"
    " its your our their than then them into also each such more other some only these those been being does".split()
)
MINIMUM_COUNT = 5
MINIMUM_DICE = 0.15
KEPT = 3  # translations a word, in either direction


def occurrences(documents: list[set[str]]) -> tuple[scipy.sparse.csr_matrix, list[str]]:
    """Returns the (documents, words) matrix of ones, and the words seen at least MINIMUM_COUNT times."""
    counts = collections.Counter(word for document in documents for word in document)
    words = [word for word, count in counts.items() if count >= MINIMUM_COUNT]
    number = {word: i for i, word in enumerate(words)}
    indices, pointers = [], [0]
    for document in documents:
        indices += sorted(number[word] for word in document if word in number)
        pointers.append(len(indices))
    ones = np.ones(len(indices), np.float32)
    return scipy.sparse.csr_matrix((ones, indices, pointers), shape=(len(documents), len(words))), words


def singular(word: str) -> str:
    """Folds the plain plural; anything finer is left to the reader of the list."""
    return word[:-1] if len(word) > 4 and word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--training", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    convert = opencc.OpenCC("t2s").convert
    chinese_documents, english_documents = [], []
    for chinese, english in read_parallel(options.training):
        chinese_documents.append(
            {w for w in jieba.cut(convert(chinese)) if len(w) >= 2 and HAN.fullmatch(w[0]) and HAN.fullmatch(w[-1])}
        )
        english_documents.append({singular(w) for w in ENGLISH_WORD.findall(english.lower())} - STOP)
    zh, zh_words = occurrences(chinese_documents)
    en, en_words = occurrences(english_documents)
    together = (zh.T @ en).tocoo()
    zh_counts, en_counts = np.asarray(zh.sum(0)).ravel(), np.asarray(en.sum(0)).ravel()
    dice = 2 * together.data / (zh_counts[together.row] + en_counts[together.col])
    order = np.argsort(-dice, kind="stable")
    of_zh: collections.Counter[int] = collections.Counter()
    of_en: collections.Counter[int] = collections.Counter()
    lines = []
    for i in order:
        if dice[i] < MINIMUM_DICE:
            break
        row, column = int(together.row[i]), int(together.col[i])
        if of_zh[row] < KEPT and of_en[column] < KEPT:
            of_zh[row] += 1
            of_en[column] += 1
            lines.append(f"{zh_words[row]}\t{en_words[column]}\t{dice[i]:.2f}\n")
    options.out.write_text("".join(lines), encoding="utf-8")
    print(len(lines), "pairs")


if __name__ == "__main__":
    main()
