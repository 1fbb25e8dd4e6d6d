from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import multiprocessing
import os
import random
import re
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rag.encoders.base import Encoded
from rag.errors import CorpusError, IndexCorrupt, IndexMismatch, IndexMissing, IndexNotWritable
from rag.indexing.sync import is_current, sync
from rag.passages.views import embedded_text
from rag.question.frames import content_tokens
from rag.store import generations
from rag.store.base import Candidate
from rag.store.local import Index, current_identity
from rag.types import Cause, Passage, Reason, Remark, Span
from tests.toy_encoder import ToyEncoder

TOY = ToyEncoder()


class CountingEncoder(ToyEncoder):
    """Remembers the texts it was asked to encode."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def encode_passages(self, texts: Sequence[str], sentences: Sequence[Sequence[Span]]) -> list[Encoded]:
        self.texts.extend(texts)
        return super().encode_passages(texts, sentences)


def entry(number: int, answer: str = "") -> str:
    return f"## 什么是概念{number}？\n\n{answer or f'概念{number}是第{number}个想法。它用于例子{number}。'}\n"


def note(numbers: Sequence[int]) -> str:
    return "# 大模型\n\n" + "\n".join(map(entry, numbers))


def current_generation(folder: Path) -> str | None:
    pointer = generations.current(folder)
    return pointer.name if pointer else None


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / "a.md").write_text(note(range(5)), encoding="utf-8")
    (folder / "b.txt").write_text("注意力机制让模型关注相关的部分。\n\n它由查询、键和值组成。\n", encoding="utf-8")
    return folder


def build(corpus: Path, folder: Path) -> Index:
    sync(corpus, folder, TOY)
    return Index.open(folder, TOY)


def ask(index: Index, question: str, limit: int = 10) -> list[Candidate]:
    (encoded,) = TOY.encode_questions([question])
    return index.candidates(encoded, dict.fromkeys(content_tokens(question), 1.0), limit)


def texts(index: Index) -> list[str]:
    return [index.passage(number).text for number in range(index.size)]


# ---------------------------------------------------------------------------------------------------------- reading


def test_a_damaged_note_is_in_the_index_and_remarked_upon_in_every_report(corpus: Path, folder: Path) -> None:
    (corpus / "c.md").write_bytes("企鹅吃鱼和磷虾，也吃乌贼。".encode() + b"\xff\n")
    expected = (Remark("c.md", Reason(Cause.DAMAGED_PLACES, "1")),)
    first = sync(corpus, folder, TOY)
    assert (first.notes, first.skipped, first.remarks) == (3, (), expected)
    assert is_current(corpus, folder, TOY)
    assert sync(corpus, folder, TOY).remarks == expected


def test_first_build(corpus: Path, folder: Path) -> None:
    report = sync(corpus, folder, TOY)
    assert (report.notes, report.passages, report.generation) == (2, 6, "gen-00000001")
    assert (report.added, report.changed, report.removed) == (6, 0, 0)
    assert current_generation(folder) == "gen-00000001"
    index = Index.open(folder, TOY)
    assert (index.size, index.generation, index.warning) == (6, "gen-00000001", None)
    assert index.corpus == corpus
    assert index.manifest.corpus == "../corpus"
    assert index.manifest.notes[0].source == "a.md"
    assert [record.passages for record in index.manifest.notes] == [5, 1]
    assert index.passage(1) == Passage(
        source="a.md",
        headings=("大模型",),
        question="什么是概念1？",
        start=38,
        end=67,
        start_line=7,
        end_line=9,
        text="## 什么是概念1？\n\n概念1是第1个想法。它用于例子1。",
        answer=(12, 29),
        asks=(0, 11),
    )
    assert index.passage(5).text == "注意力机制让模型关注相关的部分。\n\n它由查询、键和值组成。"


def test_candidates_hold_both_channels(corpus: Path, folder: Path) -> None:
    index = build(corpus, folder)
    question = "它由查询、键和值组成。"
    found = {candidate.id: candidate for candidate in ask(index, question)}
    assert sorted(found) == [0, 1, 2, 3, 4, 5]
    passage = index.passage(5)
    start, end = found[5].best
    assert passage.text[start:end] == question
    assert found[5].sentence == pytest.approx(1.0, abs=1e-3)
    whole = TOY.encode_questions([embedded_text(passage)[0]])[0].whole
    assert found[5].dense == pytest.approx(float(whole @ TOY.encode_questions([question])[0].whole), abs=1e-3)
    assert found[5].lexical > 0
    assert found[0].lexical == 0.0


def test_candidates_are_ordered_and_limited(corpus: Path, folder: Path) -> None:
    index = build(corpus, folder)
    found = ask(index, "概念3", limit=1)
    similarities = [candidate.dense for candidate in found]
    assert similarities == sorted(similarities, reverse=True)
    assert len(found) <= 2
    assert max(found, key=lambda candidate: candidate.lexical).lexical > 0


def test_a_lexical_find_has_its_similarity(corpus: Path, folder: Path) -> None:
    """The note b.txt is far from the question's vector, but the only one with its words."""
    index = build(corpus, folder)
    (encoded,) = TOY.encode_questions(["什么是概念2？概念2是第2个想法。"])
    found = {candidate.id: candidate for candidate in index.candidates(encoded, {"查询": 1.0}, 2)}
    assert len(found) == 3
    assert found[5].lexical > 0
    assert found[5].dense == pytest.approx(float(index.vectors([5])[0] @ encoded.whole))
    assert found[5].dense < min(found[number].dense for number in found if number != 5)


def test_document_frequency_counts_headings_and_text(corpus: Path, folder: Path) -> None:
    index = build(corpus, folder)
    assert [index.document_frequency(token) for token in ("模型", "查询", "概念", "没有")] == [6, 1, 5, 0]


def test_no_index(folder: Path) -> None:
    with pytest.raises(IndexMissing, match=r"no index in .*: run `python -m rag.build`"):
        Index.open(folder)
    assert current_generation(folder) is None
    assert current_identity(folder) is None


def test_identity_is_the_hash_of_the_manifest(corpus: Path, folder: Path) -> None:
    index = build(corpus, folder)
    data = (folder / "gen-00000001" / "manifest.json").read_bytes()
    assert index.identity == current_identity(folder) == hashlib.sha256(data).hexdigest()


def test_a_removed_and_rebuilt_index_has_another_identity(corpus: Path, folder: Path) -> None:
    before = build(corpus, folder)
    shutil.rmtree(folder)
    (corpus / "b.txt").write_text("新版。\n", encoding="utf-8")
    after = build(corpus, folder)
    assert before.generation == after.generation == "gen-00000001"
    assert current_identity(folder) == after.identity != before.identity


def test_another_encoder(corpus: Path, folder: Path) -> None:
    sync(corpus, folder, TOY)
    with pytest.raises(IndexMismatch) as raised:
        Index.open(folder, ToyEncoder(name="other"))
    assert str(raised.value) == (
        "the index was made by toy (revision 1), not by other (revision 1): run `python -m rag.build --encoder other`"
    )
    with pytest.raises(IndexMismatch):
        Index.open(folder, ToyEncoder(revision="2"))
    assert Index.open(folder).size == 6


def test_another_format(corpus: Path, folder: Path) -> None:
    sync(corpus, folder, TOY)
    forge(folder, "gen-00000001", lambda manifest: manifest.update(format=99))
    with pytest.raises(IndexMismatch, match="made by another version"):
        Index.open(folder)
    assert sync(corpus, folder, TOY).added == 6


# --------------------------------------------------------------------------------------------- what the encoder sees


def passage(text: str, headings: tuple[str, ...] = ()) -> Passage:
    return Passage("a.md", headings, None, 0, len(text), 1, 1 + text.count("\n"), text)


def test_embedded_text_has_the_trail_and_no_marks() -> None:
    text, spans = embedded_text(
        passage(
            "## 标题\n\n- **粗体**和`代码`。\n> 引用！\n\n| 名 | 值 |\n|---|---|\n| C# | [链接](http://x.y) |\n***",
            ("一", "二"),
        )
    )
    assert text == "一 > 二\n标题 粗体和代码。 引用！ 名 值 C# 链接"
    assert [text[start:end] for start, end in spans] == ["标题", "粗体和代码。", "引用！", "名 值", "C# 链接"]


def test_embedded_text_of_a_later_piece_has_its_question() -> None:
    first = Passage("a.md", ("一",), "什么是A？它 好吗？", 0, 0, 1, 1, "## 什么是**A**？它 好吗？\n\n甲。")
    assert embedded_text(first) == ("一\n什么是A？ 它 好吗？ 甲。", ((2, 7), (8, 13), (14, 16)))
    later = Passage("a.md", ("一",), "什么是A？它 好吗？", 0, 0, 3, 3, "乙。")
    assert embedded_text(later) == ("一 > 什么是A？它 好吗？\n乙。", ((15, 17),))


def test_embedded_text_without_headings_or_words() -> None:
    assert embedded_text(passage("一句。")) == ("一句。", ((0, 3),))
    assert embedded_text(passage("***")) == ("***", ())


def test_recorded_sentences_are_those_embedded(corpus: Path, folder: Path) -> None:
    (corpus / "c.md").write_text("# 表\n\n| 名 | 值 |\n|---|---|\n| 甲 | 1 |\n\n——\n\n结束。\n", encoding="utf-8")
    index = build(corpus, folder)
    for number in range(index.size):
        spans = index.sentence_spans(number)
        embedded, embedded_spans = embedded_text(index.passage(number))
        assert len(spans) == len(embedded_spans) == len(index.sentence_vectors(number))
        pieces = TOY.encode_questions([embedded[start:end] for start, end in embedded_spans])
        expected = np.stack([piece.whole for piece in pieces])
        assert np.abs(index.sentence_vectors(number) - expected).max() < 0.0005
    last = index.passage(6).text
    assert [last[start:end] for start, end in index.sentence_spans(6)] == [
        "# 表",
        "| 名 | 值 |",
        "| 甲 | 1 |",
        "结束。",
    ]


def test_a_passage_without_sentences_counts_as_one(corpus: Path, folder: Path) -> None:
    (corpus / "c.txt").write_text("？！\n", encoding="utf-8")
    index = build(corpus, folder)
    assert index.size == 7
    found = {candidate.id: candidate for candidate in ask(index, "？！")}
    assert (found[6].sentence, found[6].best) == (found[6].dense, (0, 2))


# -------------------------------------------------------------------------------------------------------- building


def test_nothing_changed(corpus: Path, folder: Path) -> None:
    sync(corpus, folder, TOY)
    encoder = CountingEncoder()
    report = sync(corpus, folder, encoder, calibrated=False)
    assert (report.added, report.changed, report.removed, report.generation) == (0, 0, 0, "gen-00000001")
    assert (report.notes, report.passages) == (2, 6)
    assert encoder.texts == []
    assert is_current(corpus, folder, TOY)


def test_only_new_passages_are_encoded(corpus: Path, folder: Path) -> None:
    sync(corpus, folder, TOY)
    extended = note([0, 1, 2, 9, 3, 4]).replace("第2个想法", "另一个想法")
    (corpus / "a.md").write_text(extended, encoding="utf-8")
    assert not is_current(corpus, folder, TOY)
    encoder, steps = CountingEncoder(), list[tuple[int, int]]()
    report = sync(corpus, folder, encoder, calibrated=False, progress=lambda done, total: steps.append((done, total)))
    assert [text.split(" ")[0] for text in encoder.texts] == ["大模型\n什么是概念2？", "大模型\n什么是概念9？"]
    assert steps == [(2, 2)]
    assert (report.added, report.changed, report.removed, report.generation) == (1, 1, 0, "gen-00000002")


def test_an_update_equals_a_build_from_scratch(corpus: Path, folder: Path, tmp_path: Path) -> None:
    sync(corpus, folder, TOY)
    (corpus / "0.md").write_text(note([7, 2]), encoding="utf-8")
    (corpus / "b.txt").unlink()
    updated, fresh = build(corpus, folder), build(corpus, tmp_path / "fresh")
    assert texts(updated) == texts(fresh)
    assert np.array_equal(updated.vectors(range(7)), fresh.vectors(range(7)))
    assert ask(updated, "概念2的想法") == ask(fresh, "概念2的想法")


def test_a_renamed_note_is_not_encoded_again(corpus: Path, folder: Path) -> None:
    sync(corpus, folder, TOY)
    (corpus / "a.md").rename(corpus / "z.md")
    encoder = CountingEncoder()
    report = sync(corpus, folder, encoder, calibrated=False)
    assert encoder.texts == []
    assert (report.added, report.changed, report.removed) == (5, 0, 5)


def test_moved_lines_change_no_passage(corpus: Path, folder: Path) -> None:
    sync(corpus, folder, TOY)
    (corpus / "b.txt").write_text("\n\n" + (corpus / "b.txt").read_text(encoding="utf-8"), encoding="utf-8")
    report = sync(corpus, folder, TOY)
    assert (report.added, report.changed, report.removed, report.generation) == (0, 0, 0, "gen-00000002")
    assert Index.open(folder).passage(5).start_line == 3


def test_report_counts_passages(corpus: Path, folder: Path) -> None:
    sync(corpus, folder, TOY)
    kept = note([0, 1, 3, 4])  # 2 went
    for number in (0, 1, 3):
        kept = kept.replace(f"第{number}个想法", f"新的第{number}个想法")
    (corpus / "a.md").write_text(kept, encoding="utf-8")
    (corpus / "c.md").write_text(note(range(20, 32)), encoding="utf-8")
    report = sync(corpus, folder, TOY)
    assert (report.notes, report.passages) == (3, 17)
    assert (report.added, report.changed, report.removed) == (12, 3, 1)


@pytest.mark.parametrize("full", [True, False])
def test_all_is_encoded_anew(corpus: Path, folder: Path, full: bool) -> None:
    """Either because it is asked for, or because another revision of the encoder makes other vectors."""
    sync(corpus, folder, TOY)
    encoder = CountingEncoder()
    encoder.revision = "1" if full else "2"
    report = sync(corpus, folder, encoder, full=full, calibrated=False)
    assert len(encoder.texts) == 6
    assert (report.added, report.changed, report.removed, report.generation) == (0, 0, 0, "gen-00000002")


def test_another_corpus_folder_is_recorded(corpus: Path, folder: Path, tmp_path: Path) -> None:
    sync(corpus, folder, TOY)
    moved = corpus.rename(tmp_path / "moved")
    assert sync(moved, folder, TOY).generation == "gen-00000002"
    assert Index.open(folder).corpus == moved


def test_a_changed_glossary_is_published_without_encoding(corpus: Path, folder: Path) -> None:
    sync(corpus, folder, TOY)
    encoder = CountingEncoder()
    (corpus / "glossary.tsv").write_text("概念\tConcept\n想法\n", encoding="utf-8")
    assert not is_current(corpus, folder, TOY)
    report = sync(corpus, folder, encoder, calibrated=False)
    assert (encoder.texts, report.generation, report.passages) == ([], "gen-00000002", 6)
    assert (report.added, report.changed, report.removed) == (0, 0, 0)
    assert [file.source for file in report.skipped] == ["glossary.tsv:2"]
    (corpus / "glossary.tsv").write_text("# 注释\n概念\tconcept\n", encoding="utf-8")
    assert sync(corpus, folder, encoder, calibrated=False).skipped == ()
    assert is_current(corpus, folder, TOY)
    (corpus / "glossary.tsv").write_text("概念\tconcept\n# 只有注释不同\n", encoding="utf-8")
    assert is_current(corpus, folder, TOY)
    (corpus / "glossary.tsv").unlink()
    assert sync(corpus, folder, encoder, calibrated=False).generation == "gen-00000004"
    assert (encoder.texts, Index.open(folder).glossary.entries) == ([], ())


def test_the_glossary_travels_with_its_generation(corpus: Path, folder: Path) -> None:
    (corpus / "glossary.tsv").write_text("概念\tＣoncept\n", encoding="utf-8-sig")
    sync(corpus, folder, TOY)
    shutil.rmtree(corpus)
    assert (folder / "gen-00000001" / "glossary.tsv").read_bytes() == "概念\tconcept\n".encode()
    assert Index.open(folder, TOY).glossary.entries == (("概念", "concept"),)


def test_passages_in_english_are_counted(corpus: Path, folder: Path) -> None:
    assert build(corpus, folder).english == 0
    (corpus / "c.md").write_text("# Memory\n\nA smaller batch needs less memory.\n", encoding="utf-8")
    assert build(corpus, folder).english == 1


def test_skipped_files_are_reported_and_recorded(corpus: Path, folder: Path) -> None:
    (corpus / "broken.txt").write_bytes(b"a\0b")
    report = sync(corpus, folder, TOY)
    assert [(file.source, str(file.reason)) for file in report.skipped] == [("broken.txt", "binary")]
    assert Index.open(folder).manifest.skipped == report.skipped
    written = Index.open(folder).manifest.to_json().decode()
    assert '"skipped": [{"source": "broken.txt", "reason": "binary"}]' in written  # as versions before have it
    assert sync(corpus, folder, TOY).skipped == report.skipped


def test_a_corpus_without_text(corpus: Path, folder: Path) -> None:
    sync(corpus, folder, TOY)
    for path in corpus.iterdir():
        path.write_text(" \n", encoding="utf-8")
    with pytest.raises(CorpusError) as raised:
        sync(corpus, folder, TOY)
    assert str(raised.value) == (
        f"no notes with text in {corpus}: put .md, .txt, .pdf or .docx files there and run `python -m rag.build`"
    )
    assert Index.open(folder, TOY).size == 6
    assert names(folder) == ["CURRENT", "LOCK", "gen-00000001"]


def test_the_current_and_one_before_are_kept(corpus: Path, folder: Path) -> None:
    for number in range(4):
        (corpus / "b.txt").write_text(f"第{number}版。\n", encoding="utf-8")
        sync(corpus, folder, TOY)
    assert names(folder) == ["CURRENT", "LOCK", "gen-00000003", "gen-00000004"]


def test_an_open_index_outlives_its_generation(corpus: Path, folder: Path) -> None:
    index = build(corpus, folder)
    before = ask(index, "注意力机制")
    for number in range(3):
        (corpus / "b.txt").write_text(f"第{number}版。\n", encoding="utf-8")
        sync(corpus, folder, TOY)
    assert names(folder) == ["CURRENT", "LOCK", "gen-00000003", "gen-00000004"]
    assert ask(index, "注意力机制") == before
    assert index.passage(5).text.startswith("注意力机制")
    assert Index.open(folder).passage(5).text == "第2版。"


def test_a_generation_that_vanishes_while_it_is_read(
    corpus: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync(corpus, folder, TOY)
    (corpus / "b.txt").write_text("新版。\n", encoding="utf-8")
    stale = generations.current(folder)
    sync(corpus, folder, TOY)
    shutil.rmtree(folder / "gen-00000001")
    answers = iter([stale])
    real = generations.current
    monkeypatch.setattr(generations, "current", lambda index: next(answers, None) or real(index))
    index = Index.open(folder)
    assert (index.generation, index.warning) == ("gen-00000002", None)


def test_two_folders_moved_together(corpus: Path, folder: Path, tmp_path: Path) -> None:
    sync(corpus, folder, TOY)
    home = tmp_path / "elsewhere"
    home.mkdir()
    shutil.move(corpus, home / "corpus")
    shutil.move(folder, home / "index")
    assert Index.open(home / "index").corpus == home / "corpus"
    assert is_current(home / "corpus", home / "index", TOY)


# ---------------------------------------------------------------------------------------------------------- damage


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def forge(folder: Path, generation: str, change: Callable[[dict[str, Any]], object]) -> None:
    """Rewrites a manifest, and all hashes with it, as somebody might who wants to harm the reader."""
    manifest = json.loads((folder / generation / "manifest.json").read_bytes())
    for name in manifest["files"]:
        data = (folder / generation / name).read_bytes()
        manifest["files"][name] = {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    change(manifest)
    data = json.dumps(manifest).encode()
    sha256 = hashlib.sha256(data).hexdigest()
    (folder / generation / "manifest.json").write_bytes(data)
    (folder / generation / "manifest.sha256").write_text(f"{sha256}  manifest.json\n")
    (folder / "CURRENT").write_text(f"{generation} {sha256}\n")


@pytest.fixture
def two_generations(corpus: Path, folder: Path) -> Path:
    sync(corpus, folder, TOY)
    (corpus / "b.txt").write_text("新版的第二句。\n", encoding="utf-8")
    sync(corpus, folder, TOY)
    return folder


def files_of(generation: Path) -> list[Path]:
    return sorted(path for path in generation.rglob("*") if path.is_file())


def damages(path: Path, draw: random.Random) -> Iterator[str]:
    """Damages a file in turn in each way, and mends it when all is done."""
    data = path.read_bytes()
    damaged_as = [("grow", data + b"\n")]
    if data:
        place = draw.randrange(len(data))
        flipped = data[:place] + bytes([data[place] ^ (1 << draw.randrange(8))]) + data[place + 1 :]
        tail = draw.randrange(1, len(data) + 1)
        zeroed = data[:-tail] + bytes(tail)
        while zeroed == data:
            zeroed = bytes(len(data))
        damaged_as += [("flip", flipped), ("truncate", data[:-tail]), ("zero", zeroed)]
    for what, damaged in damaged_as:
        path.write_bytes(damaged)
        yield what
    path.unlink()
    yield "unlink"
    path.write_bytes(data)


def test_damage_is_found_and_the_older_generation_served(two_generations: Path) -> None:
    draw = random.Random(20)
    files = files_of(two_generations / "gen-00000002")
    assert {path.name for path in files} >= {"manifest.json", "manifest.sha256", "passages.jsonl", "passages.faiss"}
    for path in [*files, two_generations / "CURRENT"]:
        for what in damages(path, draw):
            if (path.name, what) == ("CURRENT", "unlink"):
                continue
            index = Index.open(two_generations)
            expected = "gen-00000001" if path.name != "CURRENT" else "gen-00000002"  # itself, it is whole
            assert (index.generation, path.name, what) == (expected, path.name, what)
            assert index.warning is not None
            assert index.warning.endswith(f"{expected} is used instead: run `python -m rag.build`")
    index = Index.open(two_generations)
    assert (index.generation, index.warning) == ("gen-00000002", None)


def test_the_reason_is_named(two_generations: Path) -> None:
    with open(two_generations / "gen-00000002" / "passages.faiss", "r+b") as file:
        file.truncate(40)
    assert Index.open(two_generations).warning == (
        f"the index in {two_generations} is damaged (gen-00000002/passages.faiss is damaged), "
        "gen-00000001 is used instead: run `python -m rag.build`"
    )
    (two_generations / "gen-00000001" / "manifest.json").unlink()
    with pytest.raises(IndexCorrupt) as raised:
        Index.open(two_generations)
    assert str(raised.value) == (
        f"the index in {two_generations} is damaged (gen-00000002/passages.faiss is damaged): run `python -m rag.build`"
    )


@pytest.mark.parametrize("both", [False, True])
def test_a_build_mends_a_damaged_index(corpus: Path, two_generations: Path, both: bool) -> None:
    for name in ("gen-00000001", "gen-00000002")[0 if both else 1 :]:
        (two_generations / name / "sentences.npy").write_bytes(b"")
    assert not is_current(corpus, two_generations, TOY)
    report = sync(corpus, two_generations, TOY)
    assert report.generation == "gen-00000003"
    assert (report.added, report.changed, report.removed) == ((6, 0, 0) if both else (0, 1, 0))
    index = Index.open(two_generations)
    assert (index.passage(5).text, index.warning) == ("新版的第二句。", None)


def test_crafted_vectors_are_refused(two_generations: Path) -> None:
    """Hashes agree, but the file claims vectors of 4 GB."""
    path = two_generations / "gen-00000002" / "passages.faiss"
    data = bytearray(path.read_bytes())
    codes = data.rindex((6 * 64 * 2).to_bytes(8, "little"))
    data[codes : codes + 8] = (1 << 32).to_bytes(8, "little")
    path.write_bytes(data)
    forge(two_generations, "gen-00000002", lambda manifest: None)
    index = Index.open(two_generations)
    assert index.generation == "gen-00000001"
    assert "the passage vectors cannot be parsed" in str(index.warning)


@pytest.mark.parametrize(
    "change",
    [
        lambda manifest: manifest.update(passages=7),
        lambda manifest: manifest.update(dimension=32),
        lambda manifest: manifest["files"].pop("sentences.npy"),
        lambda manifest: manifest["files"].update({"postings/../../../x": {"size": 0, "sha256": ""}}),
        lambda manifest: manifest.pop("notes"),
        lambda manifest: manifest.pop("format"),
    ],
)
def test_crafted_manifests_are_refused(two_generations: Path, change: Callable[[dict[str, Any]], object]) -> None:
    forge(two_generations, "gen-00000002", change)
    assert Index.open(two_generations).generation == "gen-00000001"


# --------------------------------------------------------------------------------------------------- not writable


def test_another_build_is_running(corpus: Path, folder: Path) -> None:
    sync(corpus, folder, TOY)
    with open(folder / "LOCK", "r+b") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(IndexNotWritable) as raised:
            sync(corpus, folder, TOY)
        assert str(raised.value) == (
            f"another build is running in {folder}: wait until it ends, then run `python -m rag.build` again"
        )
        assert Index.open(folder).size == 6
    sync(corpus, folder, TOY)


def test_a_file_in_place_of_the_folder(corpus: Path, folder: Path) -> None:
    folder.write_text("")
    with pytest.raises(IndexNotWritable, match=r"\(File exists\): name a folder with --index$"):
        sync(corpus, folder, TOY)


def test_debris_is_removed(corpus: Path, folder: Path) -> None:
    sync(corpus, folder, TOY)
    (folder / "tmp-dead").mkdir()
    (folder / "tmp-dead" / "passages.jsonl").write_text("half")
    (folder / "CURRENT.tmp").write_text("half")
    (corpus / "b.txt").write_text("新版。\n", encoding="utf-8")
    sync(corpus, folder, TOY)
    assert names(folder) == ["CURRENT", "LOCK", "gen-00000001", "gen-00000002"]


class FaultyDisk:
    """Stands in for the system calls that change a folder; the call number `failing` below it fails."""

    CALLS = ("mkdir", "open", "write", "fsync", "rename", "replace")

    def __init__(self, folder: Path, failing: int, code: int) -> None:
        self.folder = str(folder)
        self.failing = failing
        self.code = code
        self.seen = 0
        self.handles: set[int] = set()

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in self.CALLS:
            monkeypatch.setattr(os, name, self._faulty(name, getattr(os, name)))

    def _faulty(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(target: Any, *rest: Any, **named: Any) -> Any:
            if target in self.handles if isinstance(target, int) else str(target).startswith(self.folder):
                self.seen += 1
                if self.seen == self.failing:
                    raise OSError(self.code, os.strerror(self.code))
            if name == "write":
                return real(target, rest[0][:1000])  # a short write is none to complain about
            result = real(target, *rest, **named)
            if name == "open" and str(target).startswith(self.folder):
                self.handles.add(result)
            return result

        return call


@pytest.mark.parametrize("first", [True, False])
def test_a_fault_at_every_call_leaves_an_index_that_opens(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: bool
) -> None:
    if not first:
        sync(corpus, tmp_path / "before", TOY)
    (corpus / "b.txt").write_text("新版。\n", encoding="utf-8")
    old = "nothing" if first else "注意力机制"
    outcomes: Counter[tuple[bool, str]] = Counter()
    for failing in range(1, 1000):
        folder = tmp_path / f"index{failing}"
        if not first:
            shutil.copytree(tmp_path / "before", folder)
        disk = FaultyDisk(folder, failing, (errno.ENOSPC, errno.EIO)[failing % 2])
        with monkeypatch.context() as patch:
            disk.install(patch)
            reported = fails(disk, corpus, folder)
        if disk.seen < failing:
            break
        assert not list(folder.glob("tmp-*"))
        outcomes[reported, state(folder)] += 1
        if failing % 4 == 0:
            sync(corpus, folder, TOY)
            assert state(folder) == "新版。"
        shutil.rmtree(folder, ignore_errors=True)
    assert outcomes[True, old] > 40
    assert outcomes[True, "新版。"] == 2  # opening and synchronising the folder after CURRENT was replaced
    assert outcomes[False, old] == 0
    assert outcomes[False, "新版。"] < 10  # while tidying up


def fails(disk: FaultyDisk, corpus: Path, folder: Path) -> bool:
    try:
        sync(corpus, folder, TOY)
    except IndexNotWritable as error:
        cure = "free some space" if disk.code == errno.ENOSPC else "check the disk"
        assert str(error) == (
            f"cannot write the index in {folder} ({os.strerror(disk.code)}): {cure}, "
            "then run `python -m rag.build` again"
        )
        return True
    return False


def test_everything_is_on_the_disk_before_it_is_named(
    corpus: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths: dict[int, str] = {}
    events: list[str] = []

    def relative(path: Path | str) -> str:
        return re.sub(r"tmp-\w{16}", "tmp", os.path.relpath(path, folder))

    def recorded_open(path: Path | str, *rest: Any, **named: Any) -> int:
        handle = real_open(path, *rest, **named)
        paths[handle] = relative(path)
        return handle

    def recorded(event: str, real: Callable[[Path, Path], None]) -> Callable[[Path, Path], None]:
        def call(source: Path, target: Path) -> None:
            events.append(event)
            real(source, target)

        return call

    real_open = os.open
    with monkeypatch.context() as patch:
        patch.setattr(os, "open", recorded_open)
        patch.setattr(os, "fsync", lambda handle: events.append(paths[handle]))
        patch.setattr(os, "rename", recorded("rename", os.rename))
        patch.setattr(os, "replace", recorded("replace", os.replace))
        sync(corpus, folder, TOY)
    written = {str(path.relative_to(folder / "gen-00000001")) for path in files_of(folder / "gen-00000001")}
    named = events.index("rename")
    assert set(events[:named]) == {f"tmp/{name}" for name in written} | {"tmp/postings", "tmp"}
    assert events[named - 4 :] == [
        "tmp/manifest.json",
        "tmp/manifest.sha256",
        "tmp/postings",
        "tmp",
        "rename",
        ".",
        "CURRENT.tmp",
        "replace",
        ".",
    ]


def state(folder: Path) -> str:
    """Returns which version of the notes the index answers from; it raises when the index cannot be read."""
    try:
        index = Index.open(folder, TOY)
    except IndexMissing:
        return "nothing"
    assert index.warning is None
    assert len(ask(index, "概念3")) == 6
    return index.passage(5).text[:5]


# ------------------------------------------------------------------------------------------------------------ kills

KILLS = 30


def build_forever(corpus: Path, folder: Path) -> None:
    """Rewrites a note and builds, again and again; a child process that only a signal ends."""
    pytest.MonkeyPatch().setattr(os, "fsync", lambda handle: None)
    while True:
        current = current_generation(folder)
        version = int(current.removeprefix("gen-")) + 1 if current else 1
        (corpus / "b.txt").write_text(f"版本{version}。\n", encoding="utf-8")
        sync(corpus, folder, TOY)


def test_kills_at_random_moments_leave_an_index_that_opens(
    corpus: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))  # for the preload, which saves a second a child
    context = multiprocessing.get_context("forkserver")
    monkeypatch.setenv("PYPINYIN_NO_PHRASES", "1")
    context.set_forkserver_preload([__name__, "pypinyin"])
    draw = random.Random(9)
    duration = sync(corpus, tmp_path / "timed", TOY).seconds
    newest, unfinished = 0, 0
    for _ in range(KILLS):
        child = context.Process(target=build_forever, args=(corpus, folder))
        child.start()
        time.sleep(0.05 + draw.uniform(0, 4 * duration))  # for no condition: a kill may come at any moment
        child.kill()
        child.join()
        child.close()
        unfinished += any(folder.glob("tmp-*"))
        if current_generation(folder) is None:
            assert newest == 0
            continue
        index = Index.open(folder, TOY)
        number = int(index.generation.removeprefix("gen-"))
        assert index.warning is None
        assert number >= newest, "went backwards"
        assert index.passage(index.size - 1).text.startswith("版本")
        assert len(ask(index, "概念3")) == 6
        newest = number
    assert newest > 5  # builds did end in between
    assert unfinished > 5  # and kills did hit builds
