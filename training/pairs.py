"""Reads the training pairs: `*.jsonl.zst` files of {"q", "p", "src", "kind", "lang"}.

And our own: in `questions/` `*.jsonl` files of {"q", "p", "asked"}, where `asked` is how people would ask for `p`; in
`passages/` of {"src", "sha256", "asked"}, for a `p` of the pairs.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import zstandard

HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")

# The notes people ask about are on language models; these repositories write about nothing else.
MACHINE_LEARNING_SOURCES = (
    "d2l-ai/", "huggingface/", "PaddlePaddle/", "mindspore-ai/", "tensorflow/", "modelscope/", "InternLM/",
    "open-compass/", "open-mmlab/", "hpcaitech/", "liguodongiot/", "datawhalechina/", "luhengshiwo/", "imhuay/",
    "scutan90/", "microsoft/AI-System", "dair-ai/", "vllm-project/", "xorbitsai/", "infiniflow/", "langgenius/",
    "milvus-io/", "MLEveryday/", "chatchat-space/", "MegEngine/",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pair:
    """A question, heading or sentence `q` and the passage or translation `p` that belongs to it.

    `asked` are other ways to ask for `p`, as people type them.
    """

    q: str
    p: str
    src: str
    kind: str
    lang: str
    asked: tuple[str, ...] = ()

    @property
    def about_machine_learning(self) -> bool:
        return self.src.startswith(MACHINE_LEARNING_SOURCES)


def read_pairs(folder: Path, prefix: str) -> Iterator[Pair]:
    """Yields the pairs of every file in `folder` whose name begins with `prefix`, in file order."""
    for path in sorted(folder.glob(f"{prefix}*.jsonl.zst")):
        with path.open("rb") as raw:
            for line in io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(raw), encoding="utf-8"):
                record = json.loads(line)
                yield Pair(record["q"], record["p"], record["src"], record["kind"], record["lang"])


def read_questions(folder: Path) -> Iterator[Pair]:
    """Yields the entries of every `*.jsonl` file in `folder`, in file order; `src` is the name of the file."""
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            language = "zh" if is_chinese(record["q"]) else "en"
            yield Pair(record["q"], record["p"], path.stem, "asked", language, tuple(record["asked"]))


def read_passages(folder: Path, training: Path) -> Iterator[Pair]:
    """Yields the passages in the pairs of `training` for which a `*.jsonl` file in `folder` has questions.

    `src` is what they have in common, their language: a kind of pairs can be too few to draw a batch from.
    """
    asked: dict[str, tuple[str, ...]] = {}
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            asked[record["sha256"]] = tuple(record["asked"])
    for pair in read_pairs(training, ""):
        if questions := asked.pop(hashlib.sha256(pair.p.encode()).hexdigest(), None):
            yield Pair(pair.q, pair.p, f"passages {pair.lang}", "asked", pair.lang, questions)
    if asked:
        raise ValueError(f"{len(asked)} passages of {folder} are not in {training}")


def is_chinese(text: str) -> bool:
    """True when at least a tenth of the characters are Han: Chinese technical prose is full of Latin names."""
    return len(HAN.findall(text)) * 10 >= len(text)


def read_parallel(folder: Path) -> list[tuple[str, str]]:
    """Returns every parallel pair as (Chinese, English); pairs with no such direction are left out."""
    pairs = []
    for pair in read_pairs(folder, "parallel"):
        q_is_chinese, p_is_chinese = is_chinese(pair.q), is_chinese(pair.p)
        if q_is_chinese != p_is_chinese:
            pairs.append((pair.q, pair.p) if q_is_chinese else (pair.p, pair.q))
    return pairs
