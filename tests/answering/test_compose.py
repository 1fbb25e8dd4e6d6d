"""What an answer quotes of a passage that was found, from the note to the quotation."""

from __future__ import annotations

import hashlib

import pytest

from rag.answering.compose import hit_of
from rag.retrieval.search import Wording, search
from rag.types import Hit, Note
from tests.memory_store import MemoryStore
from tests.toy_encoder import ToyEncoder

TOY = ToyEncoder()
FILLING = "这一句话说的完全是别的事情，只是为了把段落写长一点。" * 15


def hits(text: str, question: str) -> list[Hit]:
    note = Note("花.md", "花", text, hashlib.sha256(text.encode()).hexdigest())
    store = MemoryStore([note], TOY)
    wording = Wording(question, TOY.encode_questions([question])[0])
    return [hit_of(store, match, False) for match in search(store, wording)]


def quoted(text: str, question: str) -> str:
    hit = hits(text, question)[0]
    return hit.passage.text[slice(*hit.excerpt)]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("每天一次。\n\n</details>", "每天一次。"),
        ("每天一次。\n\n<!-- 问过花店，\n没有回 -->", "每天一次。"),
        ("每天一次。 ^mint-1", "每天一次。"),
        ("每天一次。\n^a1b2c3\n\n---", "每天一次。"),
        ("    - 夏天每天\n    - 冬天不浇", "    - 夏天每天\n    - 冬天不浇"),
        ("  每天一次。", "每天一次。"),
        ("https://example.org/mint", "https://example.org/mint"),
        ("答：每天一次。", "每天一次。"),
    ],
)
def test_an_entry_is_quoted_without_what_only_a_program_reads(answer: str, expected: str) -> None:
    assert (
        quoted(f"# 花\n\n## 薄荷多久浇一次水？\n\n{answer}\n\n## 芦荟呢？\n\n三周一次。\n", "薄荷多久浇一次水？")
        == expected
    )


@pytest.mark.parametrize("answer", ["待补充", "![](mint.png)", "- [薄荷](#薄荷)", "<!-- 薄荷 -->", "### 薄荷"])
def test_an_entry_that_answers_nothing_is_not_found(answer: str) -> None:
    text = f"# 花\n\n## 薄荷多久浇一次水？\n\n{answer}\n\n## 芦荟多久浇一次水？\n\n三周一次。\n"
    assert [hit.passage.question for hit in hits(text, "薄荷多久浇一次水？")] == ["芦荟多久浇一次水？"]


def test_a_table_of_contents_is_not_found() -> None:
    text = "# 花\n\n- [薄荷浇水](#薄荷浇水)\n- [芦荟浇水](#芦荟浇水)\n\n## 薄荷浇水\n\n每天一次。\n"
    assert [hit.passage.headings for hit in hits(text, "薄荷浇水")] == [("花", "薄荷浇水")]


def test_short_prose_ends_before_the_heading_and_the_references_below_it() -> None:
    text = "薄荷每天浇水。\n\n参考：[浇水](https://example.org)\n![](mint.png)\n"
    assert quoted(text, "薄荷多久浇一次水") == "薄荷每天浇水。"


def test_of_long_prose_the_best_sentence_is_no_heading() -> None:
    text = f"{FILLING}\n\n**薄荷多久浇一次水**\n\n薄荷每天浇水。\n\n{FILLING}"
    hit = next(hit for hit in hits(text, "薄荷多久浇一次水") if "薄荷" in hit.passage.text)
    assert hit.passage.text[slice(*hit.best)] == "薄荷每天浇水。"
    assert hit.passage.text[slice(*hit.excerpt)].startswith("薄荷每天浇水。")


def test_a_command_is_quoted_with_its_fence() -> None:
    fence = "```sh\nrsync -a photos /mnt\numount /mnt\n```"
    assert quoted(f"照片。\n\n{fence}\n\n{FILLING}", "rsync photos") == fence


def test_the_best_sentence_has_no_comment_behind_it() -> None:
    hit = hits("薄荷每天浇水 <!-- 查证 -->\n\n芦荟耐旱 ^aloe-1\n", "薄荷每天浇水")[0]
    assert hit.passage.text[slice(*hit.best)] == "薄荷每天浇水"
    assert hit.passage.text[slice(*hit.excerpt)].endswith("芦荟耐旱")
