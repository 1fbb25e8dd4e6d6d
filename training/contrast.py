"""Step 4: teach the student retrieval: a question or heading must land nearest to its own passage.

Word vectors and the lower layers stay, the upper ones learn. A batch is of one repository or one of our own files, and
of groups about one thing, so that its other passages are hard negatives. Two scores learn at once: the cosine of whole
texts, and late interaction token by token. Headings are roughened the way people type: words dropped, Chinese words
replaced by their English ones, question words put around them; now and then a sentence of the passage itself asks for
the rest.

Writes --out/student.pt, --out/late.pt and a checkpoint every 200 steps, from which the same command goes on.
"""

from __future__ import annotations

import argparse
import collections
import functools
import json
import math
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import jieba
import numpy as np
import torch
from model import (
    LateInteraction,
    Student,
    load_late,
    load_student,
    load_tokenizer,
    mean_pool,
    resume,
    save_checkpoint,
    taking_part,
    to_tensors,
)
from pairs import HAN, Pair, read_pairs, read_passages, read_questions
from tokenizers import Tokenizer
from torch import Tensor, nn

SCALES = {"whole": 50.0, "late": 20.0}  # 1 / temperature
FROZEN_LAYERS = 4
PREFIXES = {"heading-zh": 1.0, "crosslingual": 1.5, "notes-zh": 4.0, "faq-qa-zh": 1.0, "heading-en": 0.3}
MACHINE_LEARNING_WEIGHT = 8.0
QUESTION_TOKENS, PASSAGE_TOKENS = 40, 128
GROUP, NEIGHBOURS = 8, 24  # a batch is made of groups: one pair and 7 of its 24 nearest neighbours
SAME = 0.97  # cosine from which two texts are the same, and no negatives of each other
OPENING = 200  # characters of a passage that tell what it is about
ASKING = re.compile(r"[?？]|什么|怎|如何|为何|哪|吗|多少|是否|区别")
ASKED_RATE = 0.35
BEFORE = ("什么是", "请问", "怎么理解", "介绍一下", "讲讲", "为什么要用", "我想知道", "关于", "")
AFTER = ("是什么", "怎么做", "有什么用", "怎么理解", "是啥意思", "怎么实现", "具体怎么弄", "呢", "的原理", "有哪些", "")
CLOZE_RATE, CLOZE_CHARACTERS = 0.3, 12
OWN_RATE = 0.7  # of the contrastive batches, with --questions
HEADED_RATE = 0.6  # of our entries keep their heading above the passage, as in notes
SENTENCE = re.compile(r"[^。！？；\n]+[。！？；\n]?")
SMALLEST_SOURCE = 200  # pairs; smaller repositories share their batches
DROP_RATE, ENGLISH_RATE = 0.12, 0.12


@dataclass(frozen=True, slots=True)
class Roughener:
    """Makes a clean heading look like what a person types; Chinese words are cut by jieba."""

    english: dict[str, str]
    generator: np.random.Generator

    def __call__(self, text: str) -> str:
        text = self._leaf(text)
        if HAN.search(text) and self.generator.random() < 0.5:
            words = [self._replace(word) for word in jieba.cut(text) if self.generator.random() >= DROP_RATE]
            text = "".join(words).strip() or text
        if HAN.search(text) and not ASKING.search(text) and self.generator.random() < ASKED_RATE:
            text = f"{self.generator.choice(BEFORE)}{text}{self.generator.choice(AFTER)}"
        return text

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


def example(pair: Pair, roughen: Roughener) -> tuple[str, str]:
    """Returns what is asked and the passage that belongs to it, drawn anew each time."""
    generator = roughen.generator
    if pair.asked:
        is_headed = generator.random() < HEADED_RATE
        asked = str(generator.choice(pair.asked))
        return asked, f"{pair.q}\n{pair.p}" if is_headed else pair.p
    drawn = cloze(pair.p, generator) if pair.lang == "zh" and generator.random() < CLOZE_RATE else None
    return drawn or (roughen(pair.q), pair.p)


def read_english(path: Path, floor: float) -> dict[str, str]:
    """Returns Chinese word → English word from the list of lexicon.py, for alignments of at least `floor`."""
    lexicon = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        chinese, english, dice = line.split("\t")
        if float(dice) >= floor and chinese not in lexicon:
            lexicon[chinese] = english
    return lexicon


class Pool:
    """The pairs of one repository and language pairing, drawn in groups that are about one thing."""

    def __init__(self, pairs: list[Pair], generator: np.random.Generator) -> None:
        self.pairs = pairs
        self.vectors: np.ndarray | None = None
        self._generator = generator
        self._order = generator.permutation(len(pairs))
        self._used = 0

    def draw(self, size: int, embed: Callable[[list[str]], np.ndarray]) -> list[Pair]:
        """Returns `size` pairs with different questions, or passages where we ask.

        `embed` gives unit vectors (n, dimension) of texts.
        """
        if self.vectors is None:
            self.vectors = embed([f"{pair.q} {pair.p[:OPENING]}" for pair in self.pairs])
        chosen: dict[str, Pair] = {}
        while len(chosen) < size:
            seed = self._order[self._used % len(self._order)]
            self._used += 1
            similarities = self.vectors @ self.vectors[seed]
            similarities[seed] = -1.0
            nearest = np.argpartition(-similarities, NEIGHBOURS)[:NEIGHBOURS]
            nearest = nearest[similarities[nearest] < SAME]
            # equal headings ("简介") would be false negatives of each other
            for number in (seed, *self._generator.permutation(nearest)[: GROUP - 1]):
                pair = self.pairs[number]
                if len(chosen) < size:
                    chosen.setdefault(pair.p if pair.asked else pair.q, pair)
        return list(chosen.values())


def contrastive_batches(
    folder: Path,
    own: Sequence[Pair],
    size: int,
    steps: int,
    generator: np.random.Generator,
    embed: Callable[[list[str]], np.ndarray],
) -> list[list[Pair]]:
    """Returns `steps` batches, each from one repository and one language pairing, drawn by weight.

    `own` are entries with our own questions, of which OWN_RATE of the batches are.
    """
    grouped: dict[tuple[str, str], list[Pair]] = collections.defaultdict(list)
    for prefix in PREFIXES:
        for pair in read_pairs(folder, prefix):
            grouped[prefix, pair.src].append(pair)
    for prefix, src in [key for key, pool in grouped.items() if len(pool) < SMALLEST_SOURCE]:
        about = "learning" if grouped[prefix, src][0].about_machine_learning else "small"
        grouped[prefix, about] += grouped.pop((prefix, src))
    pools = {key: Pool(pairs, generator) for key, pairs in grouped.items() if len(pairs) >= 2 * size}
    weights = np.array([
        PREFIXES[prefix] * len(pool.pairs) ** 0.5
        * (MACHINE_LEARNING_WEIGHT if pool.pairs[0].about_machine_learning else 1.0)
        for (prefix, _), pool in pools.items()
    ])  # fmt: skip
    weights /= weights.sum()
    ordered = list(pools.values())
    if own:
        entries = collections.defaultdict(list)
        for pair in own:
            entries[pair.src].append(pair)
        ordered += [Pool(pairs, generator) for pairs in entries.values()]
        shares = np.array([len(pairs) for pairs in entries.values()]) / len(own)
        weights = np.append(weights * (1 - OWN_RATE), OWN_RATE * shares)
    choices = generator.choice(len(ordered), steps, p=weights)
    return [ordered[choice].draw(size, embed) for choice in choices]


def word_means(student: Student, tokenizer: Tokenizer, texts: list[str]) -> np.ndarray:
    """Returns unit means (n, 384) of the word vectors of texts: enough to tell what they are about."""
    table = student.body.embeddings.word_embeddings.weight.detach().cpu().numpy()
    table = table - table.mean(0)
    means = np.stack([table[encoding.ids].mean(0) for encoding in tokenizer.encode_batch(texts)])
    return means / np.linalg.norm(means, axis=1, keepdims=True)


def diagonal_loss(similarities: Tensor, scale: float) -> Tensor:
    """InfoNCE of similarities (n, n) whose diagonal is right, by rows and by columns, at temperature 1/scale."""
    similarities = similarities * scale
    labels = torch.arange(len(similarities), device=similarities.device)
    forward = nn.functional.cross_entropy(similarities, labels)
    return (forward + nn.functional.cross_entropy(similarities.T, labels)) / 2


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--training", type=Path, required=True)
    parser.add_argument("--base", type=Path, required=True)
    parser.add_argument("--vocabulary", type=Path, required=True)
    parser.add_argument("--student", type=Path, help="student.pt of an earlier run to go on from")
    parser.add_argument("--late", type=Path, help="late.pt of an earlier run to go on from")
    parser.add_argument("--questions", type=Path, help="folder of our own entries")
    parser.add_argument("--passages", type=Path, help="folder of our own questions for passages in --training")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=1500, help="of the schedule, at whose end the rates are 0")
    parser.add_argument("--until", type=int, help="stop after this step of the schedule")
    parser.add_argument("--batch", type=int, default=48)
    parser.add_argument("--body-rate", type=float, default=5e-5)
    parser.add_argument("--late-rate", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=7)
    return parser.parse_args()


def body_parameters(student: Student) -> list[nn.Parameter]:
    return [parameter for parameter in student.body.parameters() if parameter.requires_grad]


def optimizer_of(
    student: Student, late: LateInteraction, options: argparse.Namespace
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LambdaLR]:
    """Returns AdamW with a rate for each part, and its schedule: a short warm-up, then half a cosine."""
    optimizer = torch.optim.AdamW(
        [
            {"params": body_parameters(student), "lr": options.body_rate},
            {"params": late.parameters(), "lr": options.late_rate},
        ],
        weight_decay=0.0,
    )

    def schedule(step: int) -> float:
        return min((step + 1) / 50, 0.5 * (1 + math.cos(math.pi * step / options.steps)) + 0.02)

    return optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, schedule)


def main() -> None:
    options = parse_arguments()
    options.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(options.seed)
    generator = np.random.default_rng(options.seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"

    student = Student(options.base, options.vocabulary)
    if options.student:
        load_student(student, options.student)
    student.to(device).eval()
    student.body.embeddings.requires_grad_(False)
    student.body.encoder.layer[:FROZEN_LAYERS].requires_grad_(False)
    question_tokenizer = load_tokenizer(options.vocabulary, QUESTION_TOKENS)
    passage_tokenizer = load_tokenizer(options.vocabulary, PASSAGE_TOKENS)
    roughen = Roughener(read_english(options.vocabulary / "lexicon.tsv", 0.3), generator)

    late = (load_late(options.late) if options.late else LateInteraction()).to(device)
    counts = taking_part(passage_tokenizer).to(device)
    optimizer, scheduler = optimizer_of(student, late, options)
    embed = functools.partial(word_means, student, passage_tokenizer)
    own = [
        *(read_questions(options.questions) if options.questions else ()),
        *(read_passages(options.passages, options.training) if options.passages else ()),
    ]
    batches = contrastive_batches(options.training, own, options.batch, options.steps, generator, embed)
    checkpoint = options.out / "checkpoint.pt"
    parts = {"student": student, "late": late, "optimizer": optimizer, "scheduler": scheduler}
    first = resume(checkpoint, device, parts)

    def read(tokenizer: Tokenizer, texts: list[str]) -> tuple[Tensor, Tensor, Tensor]:
        """Returns token vectors, the mask of real tokens and that of those that count in late interaction."""
        ids, mask = (tensor.to(device) for tensor in to_tensors(tokenizer, texts))
        return student.tokens(ids, mask), mask, counts[ids] & mask.bool()

    if not first and not options.late:
        with torch.no_grad():
            tokens, _, counted = read(passage_tokenizer, [pair.p for batch in batches[:8] for pair in batch])
            late.aim(tokens[counted])

    def losses_of(batch: list[Pair]) -> dict[str, Tensor]:
        texts = [example(pair, roughen) for pair in batch]
        asked, asked_mask, asked_counted = read(question_tokenizer, [question for question, _ in texts])
        told, told_mask, told_counted = read(passage_tokenizer, [passage for _, passage in texts])
        whole = mean_pool(asked, asked_mask) @ mean_pool(told, told_mask).T
        by_token = late(asked, asked_counted, told, told_counted)
        return {name: diagonal_loss(scores, SCALES[name]) for name, scores in (("whole", whole), ("late", by_token))}

    started = time.perf_counter()
    means: dict[str, float] = {}
    for step in range(first, options.until or options.steps):
        losses = losses_of(batches[step])
        optimizer.zero_grad()
        torch.stack(list(losses.values())).sum().backward()
        nn.utils.clip_grad_norm_(body_parameters(student), 1.0)
        optimizer.step()
        scheduler.step()
        for name, part in losses.items():
            means[name] = means.get(name, part.item()) * 0.95 + part.item() * 0.05
        if step % 50 == 49:
            print(json.dumps({"step": step + 1, "of": options.steps, **{k: round(v, 3) for k, v in means.items()},
                              "seconds": round(time.perf_counter() - started)}), flush=True)  # fmt: skip
        if step % 200 == 199:
            save_checkpoint(checkpoint, step + 1, parts)
    torch.save(student.state_dict(), options.out / "student.pt")
    torch.save(late.state_dict(), options.out / "late.pt")


if __name__ == "__main__":
    main()
