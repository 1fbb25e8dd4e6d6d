"""Step 4: teach the student retrieval: a question or heading must land nearest to its own passage.

The whole body learns now, slowly; English rows stay. Batches alternate between contrastive ones (question or heading →
passage, both from one repository, so that the other passages of the batch are hard negatives) and step 3's
distillation on parallel sentences, so that English does not drift. Questions are roughened the way people type:
words dropped, Chinese words replaced by their English ones, words cut into characters; now and then a sentence of the
passage itself asks for the rest.

Writes --out/student.pt and a checkpoint every 200 steps, from which the same command goes on.
"""

from __future__ import annotations

import argparse
import collections
import json
import math
import re
import time
from dataclasses import dataclass
from pathlib import Path

import jieba
import numpy as np
import torch
from model import (
    CharacterDropout,
    Student,
    load_student,
    load_tokenizer,
    mean_pool,
    resume,
    save_checkpoint,
    to_tensors,
)
from pairs import HAN, Pair, read_pairs, read_parallel
from torch import Tensor, nn
from transformers import BertModel

SCALE = 20.0
PREFIXES = {"heading-zh": 1.0, "crosslingual": 1.5, "notes-zh": 4.0, "faq-qa-zh": 1.0, "heading-en": 0.3}
MACHINE_LEARNING_WEIGHT = 8.0
QUESTION_TOKENS, PASSAGE_TOKENS = 32, 80
CLOZE_RATE, CLOZE_CHARACTERS = 0.3, 12
SENTENCE = re.compile(r"[^。！？；\n]+[。！？；\n]?")
DISTIL_EVERY = 3  # one batch in three is distillation
DISTIL_LENGTH = 64
SMALLEST_SOURCE = 200  # pairs; smaller repositories share their batches
DROP_RATE, ENGLISH_RATE, CHARACTER_RATE = 0.12, 0.12, 0.15


@dataclass(frozen=True, slots=True)
class Roughener:
    """Makes a clean heading look like what a person types; Chinese words are cut by jieba."""

    english: dict[str, str]
    generator: np.random.Generator
    characters: CharacterDropout

    def __call__(self, text: str) -> str:
        text = self._leaf(text)
        if HAN.search(text) and self.generator.random() < 0.5:
            words = [self._replace(word) for word in jieba.cut(text) if self.generator.random() >= DROP_RATE]
            text = "".join(words).strip() or text
        return self.characters(text)

    def _leaf(self, text: str) -> str:
        """Keeps of a trail "A > B > C" the last one or two parts, as people do not type whole trails."""
        parts = text.split(" > ")
        return " ".join(parts[-int(self.generator.integers(1, 3)) :])

    def _replace(self, word: str) -> str:
        if word in self.english and self.generator.random() < ENGLISH_RATE:
            return f" {self.english[word]} "
        return word


def cloze(passage: str, generator: np.random.Generator) -> tuple[str, str] | None:
    """Returns a sentence of a passage and the rest of it (inverse cloze task, Lee et al. 2019), None for short ones.

    A sentence says what the rest is about in other words: paraphrases for nothing.
    """
    sentences = [sentence for sentence in SENTENCE.findall(passage) if len(sentence.strip()) >= CLOZE_CHARACTERS]
    if len(sentences) < 3:
        return None
    chosen = sentences[int(generator.integers(len(sentences)))]
    return chosen.strip(), passage.replace(chosen, " ", 1)


def read_english(path: Path, floor: float) -> dict[str, str]:
    """Returns Chinese word → English word from the list of lexicon.py, for alignments of at least `floor`."""
    lexicon = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        chinese, english, dice = line.split("\t")
        if float(dice) >= floor and chinese not in lexicon:
            lexicon[chinese] = english
    return lexicon


def contrastive_batches(folder: Path, size: int, steps: int, generator: np.random.Generator) -> list[list[Pair]]:
    """Returns `steps` batches, each from one repository and one language pairing, drawn by weight."""
    pools: dict[tuple[str, str], list[Pair]] = collections.defaultdict(list)
    for prefix in PREFIXES:
        for pair in read_pairs(folder, prefix):
            pools[prefix, pair.src].append(pair)
    for prefix, src in [key for key, pool in pools.items() if len(pool) < SMALLEST_SOURCE]:
        pools[prefix, "small"] += pools.pop((prefix, src))
    keys = [key for key in pools if len(pools[key]) >= size]
    weights = np.array([
        PREFIXES[prefix] * len(pools[prefix, src]) ** 0.5
        * (MACHINE_LEARNING_WEIGHT if pools[prefix, src][0].about_machine_learning or prefix == "notes-zh" else 1.0)
        for prefix, src in keys
    ])  # fmt: skip
    cursors = {key: generator.permutation(len(pools[key])) for key in keys}
    used: collections.Counter[tuple[str, str]] = collections.Counter()
    batches = []
    for choice in generator.choice(len(keys), steps, p=weights / weights.sum()):
        key = keys[choice]
        pool, order = pools[key], cursors[key]
        batch: list[Pair] = []
        questions: set[str] = set()
        for _ in range(4 * size):  # equal headings ("简介") would be false negatives of each other
            pair = pool[order[used[key] % len(order)]]
            used[key] += 1
            if pair.q not in questions:
                questions.add(pair.q)
                batch.append(pair)
            if len(batch) == size:
                break
        if len(batch) == size:
            batches.append(batch)
    return batches


def in_batch_loss(questions: Tensor, passages: Tensor) -> Tensor:
    """InfoNCE over the batch in both directions at temperature 1/20; both (batch, 384), unit rows."""
    similarities = questions @ passages.T * SCALE
    labels = torch.arange(len(questions), device=questions.device)
    forward = nn.functional.cross_entropy(similarities, labels)
    return (forward + nn.functional.cross_entropy(similarities.T, labels)) / 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--training", type=Path, required=True)
    parser.add_argument("--base", type=Path, required=True)
    parser.add_argument("--vocabulary", type=Path, required=True)
    parser.add_argument("--student", type=Path, required=True, help="student.pt of distil.py")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=1200)
    parser.add_argument("--batch", type=int, default=48)
    parser.add_argument("--body-rate", type=float, default=3e-5)
    parser.add_argument("--rows-rate", type=float, default=3e-4)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(options.seed)
    generator = np.random.default_rng(options.seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"

    student = Student(options.base, options.vocabulary)
    load_student(student, options.student)
    student.to(device).eval()
    student.body.embeddings.requires_grad_(False)
    teacher = BertModel.from_pretrained(str(options.base), add_pooling_layer=False).to(device).eval()
    question_tokenizer = load_tokenizer(options.vocabulary, QUESTION_TOKENS)
    passage_tokenizer = load_tokenizer(options.vocabulary, PASSAGE_TOKENS)
    parallel_tokenizer = load_tokenizer(options.vocabulary, DISTIL_LENGTH)
    english_tokenizer = load_tokenizer(options.base, DISTIL_LENGTH)
    characters = CharacterDropout(CHARACTER_RATE, generator)
    roughen = Roughener(read_english(options.vocabulary / "lexicon.tsv", 0.3), generator, characters)

    body = [parameter for parameter in student.body.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(
        [{"params": body, "lr": options.body_rate}, {"params": [student.chinese], "lr": options.rows_rate}],
        weight_decay=0.0,
    )

    def schedule(step: int) -> float:
        return min((step + 1) / 50, 0.5 * (1 + math.cos(math.pi * step / options.steps)) + 0.02)

    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, schedule)
    batches = contrastive_batches(options.training, options.batch, options.steps, generator)
    parallel = read_parallel(options.training)
    checkpoint = options.out / "checkpoint.pt"
    parts = {"student": student, "optimizer": optimizer, "scheduler": scheduler}
    first = resume(checkpoint, device, parts)

    def encode(tokenizer: object, texts: list[str]) -> Tensor:
        ids, mask = to_tensors(tokenizer, texts)  # type: ignore[arg-type]
        return student(ids.to(device), mask.to(device))

    def distillation() -> Tensor:
        chosen = [parallel[i] for i in generator.choice(len(parallel), options.batch)]
        with torch.no_grad():
            ids, mask = (t.to(device) for t in to_tensors(english_tokenizer, [english for _, english in chosen]))
            target = mean_pool(teacher(ids, attention_mask=mask).last_hidden_state, mask)
        side = 1 if generator.random() < 0.25 else 0  # English through the student too: the body must not forget it
        vectors = encode(parallel_tokenizer, [characters(pair[side]) if side == 0 else pair[side] for pair in chosen])
        return 3 * (1 - (vectors * target).sum(1).mean()) + in_batch_loss(vectors, target)

    def contrast(batch: list[Pair]) -> Tensor:
        texts = []
        for pair in batch:
            drawn = cloze(pair.p, generator) if pair.lang == "zh" and generator.random() < CLOZE_RATE else None
            texts.append(drawn or (roughen(pair.q), pair.p))
        questions = encode(question_tokenizer, [question for question, _ in texts])
        return in_batch_loss(questions, encode(passage_tokenizer, [passage for _, passage in texts]))

    started = time.perf_counter()
    means = {"contrast": 0.0, "distil": 0.0}
    for step in range(first, min(options.steps, len(batches))):
        kind = "distil" if step % DISTIL_EVERY == DISTIL_EVERY - 1 else "contrast"
        loss = distillation() if kind == "distil" else contrast(batches[step])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(body, 1.0)
        optimizer.step()
        scheduler.step()
        means[kind] += (loss.item() - means[kind]) * (0.05 if means[kind] else 1)
        if step % 50 == 49:
            print(json.dumps({"step": step + 1, "of": options.steps, **{k: round(v, 3) for k, v in means.items()},
                              "seconds": round(time.perf_counter() - started)}), flush=True)  # fmt: skip
        if step % 200 == 199:
            save_checkpoint(checkpoint, step + 1, parts)
    torch.save(student.state_dict(), options.out / "student.pt")


if __name__ == "__main__":
    main()
