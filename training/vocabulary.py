"""Step 2: keep of the base's 250,002 pieces those that Chinese and English text uses.

Writes into --out: `tokenizer.json` (Unigram, Kudo 2018; no word segmenter at run time) and `rows.npy` (token id → row
of the base's embedding table). Text is brought to NFKC, lower case and simplified characters before it is cut, so the
pieces that only other forms use go too.
"""

from __future__ import annotations

import argparse
import collections
import itertools
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import opencc
import sentencepiece
import sentencepiece.sentencepiece_model_pb2 as sentencepiece_model
from pairs import HAN, read_pairs, read_parallel, read_questions
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

SPECIAL = ("<s>", "<pad>", "</s>", "<unk>")
SAMPLE = {"heading-zh": 100_000, "crosslingual": 48_000, "heading-en": 40_000, "faq-qa-zh": 20_000, "notes-zh": 2_300}
CJK_BLOCK = [chr(code) for code in range(0x4E00, 0x9FFF + 1)]
FREQUENT = 60_000  # of the base's pieces, by frequency over a hundred languages
PUNCTUATION_RUN = 2  # longest piece of signs alone: rules of tables and code are no words


def charsmap() -> bytes:
    """Returns the map traditional → simplified in the form the `Precompiled` normaliser reads."""
    convert = opencc.OpenCC("t2s").convert
    lines = [f"{ord(c):X}\t{ord(simple):X}" for c in CJK_BLOCK if len(simple := convert(c)) == 1 and simple != c]
    with tempfile.TemporaryDirectory() as folder:
        rules = Path(folder, "rules.tsv")
        rules.write_text("\n".join(lines) + "\n", encoding="utf-8")
        # SentencePiece is the one tool that compiles such a map; the model trained with it is thrown away.
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(["一二三四五六七八九十"] * 20), model_prefix=str(Path(folder, "throwaway")),
            vocab_size=20, hard_vocab_limit=False, normalization_rule_tsv=str(rules), minloglevel=2,
        )  # fmt: skip
        proto = sentencepiece_model.ModelProto()
        proto.ParseFromString(Path(folder, "throwaway.model").read_bytes())
        return proto.normalizer_spec.precompiled_charsmap


def build_tokenizer(pieces: list[tuple[str, float]], compiled_map: bytes) -> Tokenizer:
    """Returns the base's tokenizer over `pieces`, the first of which are SPECIAL."""
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=SPECIAL.index("<unk>")))
    tokenizer.normalizer = normalizers.Sequence([
        normalizers.NFKC(),
        normalizers.Lowercase(),
        normalizers.Precompiled(compiled_map),
        normalizers.Replace(Regex(r"\s+"), " "),
    ])  # fmt: skip
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    begin, end = ((token, SPECIAL.index(token)) for token in ("<s>", "</s>"))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[begin, end]
    )
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="always")
    tokenizer.add_special_tokens(list(SPECIAL))
    return tokenizer


def read_texts(training: Path, questions: Path) -> Iterator[str]:
    """Yields what the pieces are counted in."""
    yield from itertools.chain.from_iterable(read_parallel(training))
    for prefix, count in SAMPLE.items():
        for pair in itertools.islice(read_pairs(training, prefix), count):
            yield f"{pair.q}\n{pair.p}"
    for entry in read_questions(questions):
        yield from (entry.q, entry.p, *entry.asked)


def must_stay(piece: str, is_frequent: bool, simplify: Callable[[str], str]) -> bool:
    """True for what may stand in notes on other things than those counted: simplified Chinese, Latin, single signs.

    Latin pieces of many languages are in the base; of those not counted only `is_frequent` ones stay.
    """
    word = piece.removeprefix("▁")
    if all(map(HAN.match, word)):
        return simplify(word) == word
    if word.isascii() and word.isalnum() and word == word.lower():
        return is_frequent or len(word) == 1
    return len(word) == 1 and is_frequent


def is_rule(piece: str) -> bool:
    return len(piece) > PUNCTUATION_RUN and not any(map(str.isalnum, piece))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--training", type=Path, required=True, help="folder with the *.jsonl.zst pairs")
    parser.add_argument("--questions", type=Path, required=True, help="folder of our own entries")
    parser.add_argument("--base", type=Path, required=True, help="folder of base.py")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    started = time.perf_counter()
    options.out.mkdir(parents=True, exist_ok=True)

    table = [line.split("\t") for line in (options.base / "pieces.tsv").read_text(encoding="utf-8").split("\n")[:-1]]
    pieces = [(str(json.loads(piece)), float(score)) for piece, score in table]
    compiled = charsmap()
    whole = build_tokenizer(pieces, compiled)
    counts: collections.Counter[int] = collections.Counter()
    texts = read_texts(options.training, options.questions)
    while batch := list(itertools.islice(texts, 4000)):
        for encoding in whole.encode_batch_fast(batch):
            counts.update(encoding.ids)
    simplify = opencc.OpenCC("t2s").convert
    kept = [
        i
        for i, (piece, _) in enumerate(pieces)  # from the most frequent on
        if i < len(SPECIAL) or (counts[i] and not is_rule(piece)) or must_stay(piece, i < FREQUENT, simplify)
    ]
    tokenizer = build_tokenizer([pieces[i] for i in kept], compiled)
    tokenizer.save(str(options.out / "tokenizer.json"))
    np.save(options.out / "rows.npy", np.asarray(kept, np.int32))
    held = sum(counts[i] for i in kept) / counts.total()
    print(json.dumps({"pieces": len(kept), "counted": len(counts), "of_the_text": round(held, 5),
                      "seconds": round(time.perf_counter() - started)}))  # fmt: skip


if __name__ == "__main__":
    main()
