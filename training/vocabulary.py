"""Steps 1 and 2: give MiniLM a Chinese vocabulary and first vectors for it.

Writes into --out: `tokenizer.json` (WordPiece; Chinese falls apart by longest match, no segmenter at run time),
`rows.npy` (token id → row of the embedding table: a word and its `##` twin share one row) and `vectors.npy`
(the table; the rows of the English base come first, untouched).

Sources: Artetxe et al. 2020 (new vocabulary on a frozen body); Dice's coefficient for the word alignment.
"""

from __future__ import annotations

import argparse
import collections
import itertools
import json
import tempfile
import time
from pathlib import Path

import jieba
import numpy as np
import opencc
import scipy.sparse
import sentencepiece
import sentencepiece.sentencepiece_model_pb2 as sentencepiece_model
from pairs import HAN, read_pairs, read_parallel
from safetensors.numpy import load_file
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

HEADING_SAMPLE = 60_000  # headings and sections read for word counts; beyond that the first 20,000 words are settled
MACHINE_LEARNING_WEIGHT = 6
MINIMUM_CHARACTER_COUNT = 3
ALIGNED_PIECES = 6
LONGEST_RUN = 4096  # WordPiece gives up ([UNK]) on longer runs; a Chinese sentence is one run
CJK_BLOCK = [chr(code) for code in range(0x4E00, 0x9FFF + 1)]
# One unknown character would make WordPiece give up on its whole run: rare ones become this mark, an [UNK] of its own.
RARE_CHARACTER = "※"


def charsmap(known: set[str]) -> bytes:
    """Returns the map traditional → simplified, rare → mark, in the form the `Precompiled` normaliser reads.

    `known` are the characters of the vocabulary.
    """
    convert = opencc.OpenCC("t2s").convert
    lines = []
    for character in CJK_BLOCK:
        simple = convert(character)
        target = simple if simple in known else RARE_CHARACTER
        if target != character:
            lines.append(f"{ord(character):X}\t{ord(target):X}")
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


def build_tokenizer(vocabulary: dict[str, int], compiled_map: bytes) -> Tokenizer:
    """Returns the BERT tokenizer with NFKC, traditional → simplified, and Han runs split from Latin ones."""
    tokenizer = Tokenizer(
        models.WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=LONGEST_RUN)  # type: ignore[arg-type]
    )
    tokenizer.normalizer = normalizers.Sequence([
        normalizers.NFKC(),
        normalizers.Precompiled(compiled_map),
        normalizers.BertNormalizer(clean_text=True, handle_chinese_chars=False, strip_accents=True, lowercase=True),
    ])  # fmt: skip
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.BertPreTokenizer(),
        pre_tokenizers.Split(Regex("[\u4e00-\u9fff]+"), "isolated"),
        pre_tokenizers.Split(Regex(r"[^\p{L}\p{N}\p{M}]"), "isolated"),  # else "LoRA😀" is one unknown word
        pre_tokenizers.Split(Regex("[\u3400-\u4dbf\U00020000-\U0003134f]"), "isolated"),
    ])  # fmt: skip
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0", pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1",
        special_tokens=[("[CLS]", vocabulary["[CLS]"]), ("[SEP]", vocabulary["[SEP]"])],
    )  # fmt: skip
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
    return tokenizer


def gb2312_characters() -> set[str]:
    """Returns the 6,763 characters of GB 2312: what simplified Chinese is written with."""
    cells = (bytes((row, cell)) for row in range(0xB0, 0xF8) for cell in range(0xA1, 0xFF))
    return {c for pair in cells if (c := pair.decode("gb2312", "ignore")) and HAN.match(c)}


def chinese_words(training: Path, parallel: list[tuple[str, str]], words: int) -> list[str]:
    """Returns GB 2312's characters, others seen often enough, and the `words` most frequent words of 2–4 characters."""
    convert = opencc.OpenCC("t2s").convert
    counts: collections.Counter[str] = collections.Counter()
    texts = itertools.chain(
        ((chinese, 1) for chinese, _ in parallel),
        ((f"{p.q} {p.p}", MACHINE_LEARNING_WEIGHT) for p in read_pairs(training, "notes-zh")),
        ((f"{p.q} {p.p}", MACHINE_LEARNING_WEIGHT) for p in read_pairs(training, "heading-zh")
         if p.about_machine_learning),
        ((f"{p.q} {p.p}", 1) for p in itertools.islice(read_pairs(training, "heading-zh"), HEADING_SAMPLE)),
        ((f"{p.q} {p.p}", 1) for p in read_pairs(training, "faq-qa-zh")),
    )  # fmt: skip
    for text, weight in texts:
        for word in jieba.cut(convert(text)):
            if HAN.match(word) and all(HAN.match(character) for character in word):
                counts[word] += weight
    characters: collections.Counter[str] = collections.Counter()
    for word, count in counts.items():
        for character in word:
            characters[character] += count
    kept = [c for c, count in characters.most_common() if count >= MINIMUM_CHARACTER_COUNT]
    kept += sorted(gb2312_characters() - set(kept))
    kept += [w for w, _ in counts.most_common() if 2 <= len(w) <= 4][:words]
    return kept


def align(tokenizer: Tokenizer, parallel: list[tuple[str, str]], rows: np.ndarray, english_rows: int) -> np.ndarray:
    """Returns for every Chinese row the weighted English pieces it co-occurs with most.

    A sparse (Chinese rows, English rows) matrix; weights are squared Dice coefficients that sum to 1 in a row,
    or an empty row where the word is in no parallel pair.
    """

    def occurrences(side: int, first: int, last: int) -> scipy.sparse.csr_matrix:
        indices, pointers = [], [0]
        for start in range(0, len(parallel), 2000):
            batch = tokenizer.encode_batch(
                [pair[side] for pair in parallel[start : start + 2000]], is_pretokenized=False
            )
            for encoding in batch:
                used = np.unique(rows[encoding.ids[1:-1]])
                used = used[(used >= first) & (used < last)] - first
                indices.append(used)
                pointers.append(pointers[-1] + len(used))
        flat = np.concatenate(indices)
        return scipy.sparse.csr_matrix(
            (np.ones(len(flat), np.float32), flat, pointers), shape=(len(parallel), last - first)
        )

    chinese = occurrences(0, english_rows, int(rows.max()) + 1)
    english = occurrences(1, 0, english_rows)
    together = (chinese.T @ english).tocsr()
    in_chinese = np.asarray(chinese.sum(0)).ravel()
    in_english = np.asarray(english.sum(0)).ravel()
    best = scipy.sparse.lil_matrix(together.shape, dtype=np.float32)
    for row in range(together.shape[0]):
        span = slice(together.indptr[row], together.indptr[row + 1])
        pieces, counts = together.indices[span], together.data[span]
        if len(pieces) == 0:
            continue
        dice = 2 * counts / (in_chinese[row] + in_english[pieces])
        top = np.argsort(-dice)[:ALIGNED_PIECES]
        weights = dice[top] ** 2
        best[row, pieces[top]] = weights / weights.sum()
    return best.tocsr()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--training", type=Path, required=True, help="folder with the *.jsonl.zst pairs")
    parser.add_argument("--base", type=Path, required=True, help="folder of all-MiniLM-L6-v2")
    parser.add_argument("--words", type=int, default=20_000)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    started = time.perf_counter()
    options.out.mkdir(parents=True, exist_ok=True)

    parallel = read_parallel(options.training)
    words = chinese_words(options.training, parallel, options.words)
    base_words = (options.base / "vocab.txt").read_text(encoding="utf-8").splitlines()
    base_vectors = load_file(options.base / "model.safetensors")["embeddings.word_embeddings.weight"]
    vocabulary = {word: number for number, word in enumerate(base_words)}
    rows = list(range(len(base_words)))
    for number, word in enumerate(words):
        for token in (word, f"##{word}"):
            row = len(base_words) + number
            if token in vocabulary:  # the base knows a few hundred characters, badly
                rows[vocabulary[token]] = row
            else:
                vocabulary[token] = len(rows)
                rows.append(row)
    tokenizer = build_tokenizer(vocabulary, charsmap({w for w in words if len(w) == 1}))
    row_of = np.asarray(rows, np.int32)

    alignment = align(tokenizer, parallel, row_of, len(base_words))
    vectors = np.asarray(alignment @ base_vectors, np.float32)
    known = np.asarray(alignment.sum(1)).ravel() > 0
    number_of = {word: number for number, word in enumerate(words)}
    centre = vectors[known].mean(0)
    for number, word in enumerate(words):
        if not known[number]:
            parts = [number_of[c] for c in word if c in number_of and known[number_of[c]]]
            vectors[number] = vectors[parts].mean(0) if parts else centre

    tokenizer.save(str(options.out / "tokenizer.json"))
    np.save(options.out / "rows.npy", row_of)
    np.save(options.out / "vectors.npy", np.concatenate([base_vectors, vectors]))
    summary = {
        "parallel_pairs": len(parallel), "characters": sum(len(w) == 1 for w in words), "words": len(words),
        "rows_with_alignment": int(known.sum()), "tokens": len(rows), "seconds": round(time.perf_counter() - started),
    }  # fmt: skip
    (options.out / "summary.json").write_text(json.dumps(summary, indent=1) + "\n")
    print(json.dumps(summary))
    for word in ("微调", "梯度", "模型", "注意力", "缓存"):
        if word in number_of:
            row = alignment[number_of[word]]
            print(word, [(base_words[i], round(float(w), 2)) for i, w in zip(row.indices, row.data, strict=True)])


if __name__ == "__main__":
    main()
