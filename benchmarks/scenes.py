"""What is recorded of the product: answers to golden questions, and what the commands say.

Each function returns entries: what one thing said, under a name with slashes.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.product import Done, Product, ProductFailed
from benchmarks.sample import edit, write_sample
from benchmarks.visitor import Visitor

Entries = dict[str, Any]
Record = dict[str, Any]

FOUND, MISSED, ENGLISH = "什么是位置编码？", "长城有多长？", "What is temperature?"
COMPARED, SEVERAL = "LoRA 和位置编码有什么区别", "什么是注意力机制？LoRA 有什么缺点？"
TOO_LONG = "长" * 4_001
GOLDEN: list[Record] = [
    {"id": "s1", "question": "位置编码是干什么的", "gold": [{"source": "llm/注意力.md", "anchor": "什么是位置编码？"}]},
    {"id": "s2", "question": "低秩适配怎么训练", "gold": [{"source": "微调.md", "anchor": "LoRA 的原理是什么？"}]},
    {"id": "s3", "question": "红烧肉怎么做", "gold": []},
]


# ------------------------------------------------------------------------------------------------- golden questions


def golden(product: Product, folder: Path, sets: Mapping[Path, Path]) -> Entries:
    """Returns the answers to the golden questions of each file, asked over its notes; raises ProductFailed."""
    entries: Entries = {}
    indexes: dict[Path, Path] = {}
    for file, notes in sets.items():
        if notes not in indexes:
            indexes[notes] = folder / f"notes-{len(indexes)}" / "index"
            built = _succeeded(product.run("-m", "rag.build", "--corpus", notes, "--index", indexes[notes]))
            entries[f"golden/{file.stem}/build"] = _said(built)
        records = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        entries.update(_named(f"golden/{file.stem}", _questions(product, indexes[notes], records)))
        entries.update(_named(f"golden/{file.stem}", _conversations(product, notes, indexes[notes], records)))
    return entries


def _questions(product: Product, index: Path, records: Iterable[Record]) -> Entries:
    asked = [record for record in records if "question" in record]
    if not asked:
        return {}
    lines = "".join(f"{record['question']}\n" for record in asked)
    done = product.run("-m", "rag.query", "--index", index, "--batch", "-", "--json", stdin=lines)
    answers = _succeeded(done).stdout.splitlines()
    return {record["id"]: json.loads(answer) for record, answer in zip(asked, answers, strict=True)}


def _conversations(product: Product, notes: Path, index: Path, records: Iterable[Record]) -> Entries:
    """Asks at the page, the only place that takes earlier questions from a script."""
    held = [record for record in records if "turns" in record]
    if not held:
        return {}
    with product.served(notes, index) as (url, _):
        return {record["id"]: _conversation(Visitor(url), record["turns"]) for record in held}


def _conversation(page: Visitor, turns: list[str]) -> Record:
    for turn in turns:
        page.ask(turn)
    return {"turns": turns, "chat": page.value("kd-chat"), "cards": page.value("kd-evidence")}


def _succeeded(done: Done) -> Done:
    if done.exit:
        raise ProductFailed(done.stderr.strip() or done.stdout.strip())
    return done


def _named(name: str, entries: Entries) -> Entries:
    return {f"{name}/{key}": value for key, value in entries.items()}


def _said(done: Done) -> Record:
    return dataclasses.asdict(done)


# ----------------------------------------------------------------------------------------------------- the commands


def commands(product: Product, folder: Path) -> Entries:
    """Returns what the commands say over the sample, and how they end."""
    notes, index = write_sample(folder / "notes"), folder / "index"
    return {
        **_named("command/build", _build(product, notes, index)),
        **_named("command/query", _query(product, folder, index)),
        **_named("command/edited", _edited(product, notes, index)),
        **_named("command/evaluate", _evaluate(product, notes, folder)),
        **_named("command/help", _help(product)),
    }


def _build(product: Product, notes: Path, index: Path) -> Entries:
    build = "-m", "rag.build", "--corpus", notes, "--index"
    empty = index.with_name("empty")
    empty.mkdir()
    lines = {
        "check before": (*build, index, "--check"),
        "first": (*build, index),
        "again": (*build, index),
        "check current": (*build, index, "--check"),
        "full": (*build, index, "--full", "--json"),
        "json": (*build, index.with_name("other"), "--json"),
        "missing corpus": ("-m", "rag.build", "--corpus", index.with_name("nowhere"), "--index", index),
        "empty corpus": ("-m", "rag.build", "--corpus", empty, "--index", index),
    }
    return _all(product, lines)


def _query(product: Product, folder: Path, index: Path) -> Entries:
    query = "-m", "rag.query", "--index", index
    batch = folder / "batch.txt"
    batch.write_text(f"\ufeff{FOUND}\n\n？\n{TOO_LONG}\n{ENGLISH}\r\n{MISSED}\n", encoding="utf-8")
    lines = {
        "found": (*query, FOUND),
        "several words": (*query, "What", "is", "temperature"),
        "english": (*query, "how does LoRA train"),
        "glossary": (*query, "VRAM of a 70B model"),
        "prose": (*query, "词表越大有什么好处"),
        "comparison": (*query, COMPARED),
        "several": (*query, SEVERAL),
        "not found": (*query, MISSED),
        "not found in english": (*query, "How long is the Great Wall?"),
        "empty": (*query, ""),
        "punctuation": (*query, "？！"),
        "too long": (*query, TOO_LONG),
        "json": (*query, "--json", "-k", 2, FOUND),
        "json not found": (*query, "--json", MISSED),
        "k 0": (*query, "-k", 0, FOUND),
        "missing index": ("-m", "rag.query", "--index", folder / "nowhere", FOUND),
        "batch": (*query, "--batch", batch),
        "batch missing": (*query, "--batch", folder / "nowhere.txt"),
    }
    return {
        **_all(product, lines),
        "piped": _said(product.run(*query, stdin=f"{FOUND}\n")),
        "batch piped": _said(product.run(*query, "--batch", "-", "-k", 1, stdin=f"{FOUND}\n{MISSED}\n")),
        "prompt": _said(product.prompt(["LoRA 的原理是什么", "它有什么缺点", "？", MISSED, ""], folder, *query)),
    }


def _edited(product: Product, notes: Path, index: Path) -> Entries:
    """Goes on from `_build` and `_query`: what was built is stale now."""
    edit(notes)
    build = "-m", "rag.build", "--corpus", notes, "--index", index
    query = "-m", "rag.query", "--index", index
    lines = {
        "check stale": (*build, "--check"),
        "check stale json": (*build, "--check", "--json"),
        "query stale": (*query, "什么是灾难性遗忘"),
        "query gone": (*query, ENGLISH),
        "build": build,
        "check current json": (*build, "--check", "--json"),
        "query": (*query, "什么是灾难性遗忘"),
        "query new": (*query, MISSED),
    }
    return _all(product, lines)


def _evaluate(product: Product, notes: Path, folder: Path) -> Entries:
    lines_of_golden = "".join(f"{json.dumps(record)}\n" for record in GOLDEN)
    (folder / "golden.jsonl").write_text(lines_of_golden, encoding="utf-8")
    evaluate = "-m", "rag.evaluate", "--corpus", notes
    with_golden = *evaluate, "--golden", folder / "golden.jsonl"
    lines = {
        "own": evaluate,
        "own json": (*evaluate, "--json"),
        "golden": with_golden,
        "golden json": (*with_golden, "--json"),
        "missing golden": (*evaluate, "--golden", folder / "nowhere.jsonl"),
    }
    return _all(product, lines)


def _help(product: Product) -> Entries:
    programs = {"build": ("-m", "rag.build"), "query": ("-m", "rag.query"), "evaluate": ("-m", "rag.evaluate")}
    lines = {name: (*program, "--help") for name, program in {**programs, "app": ("app.py",)}.items()}
    return _all(product, {**lines, "app on a foreign host": ("app.py", "--host", "0.0.0.0")})


def _all(product: Product, lines: Mapping[str, Iterable[object]]) -> Entries:
    return {name: _said(product.run(*line)) for name, line in lines.items()}
