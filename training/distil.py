"""Step 3: let the Chinese sentence land where the original model puts its English translation.

The body is frozen; only the Chinese rows learn. Loss: 3·(1 − cos) plus in-batch cross entropy at temperature 1/20
(Reimers & Gurevych 2020, multilingual distillation). Writes --out/student.pt and a checkpoint every 500 steps, from
which the same command goes on.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from pathlib import Path

import numpy as np
import torch
from model import CharacterDropout, Student, load_tokenizer, mean_pool, resume, save_checkpoint, to_tensors
from pairs import read_parallel
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import BertModel

SCALE = 20.0  # 1 / temperature
COSINE_WEIGHT = 3.0
BUCKET = 48  # batches are cut from this many batches' worth of pairs sorted by length: little padding, mixed sources
CHARACTER_RATE = 0.15


def batches(pairs: list[tuple[str, str]], size: int, generator: np.random.Generator) -> list[list[int]]:
    """Returns lists of pair numbers, each of similar length, in random order."""
    order = generator.permutation(len(pairs))
    out = []
    for start in range(0, len(order), size * BUCKET):
        bucket = sorted(order[start : start + size * BUCKET], key=lambda i: len(pairs[i][1]))
        out += [bucket[i : i + size] for i in range(0, len(bucket) - size + 1, size)]
    generator.shuffle(out)
    return out


class SeenRows(nn.Module):
    """Which rows any batch has held; a module, so that a checkpoint keeps it."""

    flags: Tensor

    def __init__(self, rows: int) -> None:
        super().__init__()
        self.register_buffer("flags", torch.zeros(rows, dtype=torch.bool))


def unpadded(folder: Path) -> Tokenizer:
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def spell_unseen(student: Student, vocabulary: dict[str, int], seen: np.ndarray) -> int:
    """Gives every Chinese word that no pair held the mean of its trained characters; returns how many."""
    offset = len(student.english)
    rows = student.rows.cpu().numpy()
    count = 0
    with torch.no_grad():
        for word, token in vocabulary.items():
            row = rows[token]
            if row < offset or seen[row] or len(word) < 2 or word.startswith("##"):
                continue
            parts = [rows[vocabulary[c]] - offset for c in word if c in vocabulary and seen[rows[vocabulary[c]]]]
            if parts:
                student.chinese[row - offset] = student.chinese[parts].mean(0)
                count += 1
    return count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--training", type=Path, required=True)
    parser.add_argument("--base", type=Path, required=True)
    parser.add_argument("--vocabulary", type=Path, required=True, help="what vocabulary.py wrote")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--passes", type=int, default=1)
    parser.add_argument("--batch", type=int, default=96)
    parser.add_argument("--length", type=int, default=64, help="leave out pairs with more tokens than this on a side")
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(options.seed)
    generator = np.random.default_rng(options.seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"

    student = Student(options.base, options.vocabulary).to(device).eval()  # eval: no dropout, the teacher has none
    student.body.requires_grad_(False)
    teacher = BertModel.from_pretrained(str(options.base), add_pooling_layer=False).to(device).eval()
    chinese_tokenizer = load_tokenizer(options.vocabulary, 512)
    english_tokenizer = load_tokenizer(options.base, 512)
    pairs = [pair for pair in read_parallel(options.training) if len(pair[1]) < 12 * options.length]
    lengths = [[len(e.ids) for e in tokenizer.encode_batch([pair[side] for pair in pairs])]
               for side, tokenizer in ((0, unpadded(options.vocabulary)), (1, unpadded(options.base)))]  # fmt: skip
    pairs = [pair for pair, *sides in zip(pairs, *lengths, strict=True) if max(sides) <= options.length]
    character_dropout = CharacterDropout(CHARACTER_RATE, generator)

    optimizer = torch.optim.Adam([student.chinese], lr=options.rate)
    plan = [batch for _ in range(options.passes) for batch in batches(pairs, options.batch, generator)]
    warm_up = 200

    def schedule(step: int) -> float:
        return min((step + 1) / warm_up, 0.5 * (1 + math.cos(math.pi * step / len(plan))) + 0.02)

    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, schedule)
    seen = SeenRows(int(student.rows.max()) + 1)
    checkpoint = options.out / "checkpoint.pt"
    parts = {"student": student, "optimizer": optimizer, "scheduler": scheduler, "seen": seen}
    first = resume(checkpoint, device, parts)
    started, mean_cosine = time.perf_counter(), 0.0
    for step in range(first, len(plan)):
        batch = plan[step]
        with torch.no_grad():
            ids, mask = (t.to(device) for t in to_tensors(english_tokenizer, [pairs[i][1] for i in batch]))
            target = mean_pool(teacher(ids, attention_mask=mask).last_hidden_state, mask)
        ids, mask = to_tensors(chinese_tokenizer, [character_dropout(pairs[i][0]) for i in batch])
        seen.flags[student.rows.cpu()[ids]] = True
        vectors = student(ids.to(device), mask.to(device))
        similarities = vectors @ target.T
        cosine = similarities.diagonal().mean()
        labels = torch.arange(len(batch), device=device)
        loss = COSINE_WEIGHT * (1 - cosine) + nn.functional.cross_entropy(similarities * SCALE, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
        mean_cosine += (cosine.item() - mean_cosine) * (0.02 if step > first else 1)
        if step % 50 == 49:
            seconds = time.perf_counter() - started
            print(json.dumps({"step": step + 1, "of": len(plan), "loss": round(loss.item(), 3),
                              "cosine": round(mean_cosine, 3), "seconds": round(seconds)}), flush=True)  # fmt: skip
        if step % 500 == 499:
            save_checkpoint(checkpoint, step + 1, parts)
    print(json.dumps({"words_spelt": spell_unseen(student, chinese_tokenizer.get_vocab(), seen.flags.numpy())}))
    torch.save(student.state_dict(), options.out / "student.pt")


if __name__ == "__main__":
    main()
