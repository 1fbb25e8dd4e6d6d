"""What a note goes by, and that it decides between notes with the same headings."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.assistant import Assistant
from rag.encoders.onnx import OnnxEncoder
from rag.indexing.sync import sync
from rag.notes.corpus import read_note
from rag.notes.names import names_of
from tests.small import write_notes


@pytest.mark.parametrize(
    ("source", "fields", "expected"),
    [
        ("旅行/大阪/交通.md", {}, ("交通",)),
        ("a/README.md", {}, ()),
        ("notes.md", {"title": ("关西三日",)}, ("关西三日",)),
        (
            "2024-05-01.md",
            {"aliases": ("劳动节", "劳 动 节"), "alias": ("May Day",)},
            ("2024-05-01", "劳动节", "May Day"),
        ),
        ("空气净化器.md", {"title": ("空气净化器",)}, ("空气净化器",)),
        ("!!!.md", {}, ()),
        ("a.md", {}, ()),
        ("01.md", {}, ()),
        ("猫.md", {}, ("猫",)),
    ],
)
def test_names(source: str, fields: dict[str, tuple[str, ...]], expected: tuple[str, ...]) -> None:
    assert names_of(source, fields) == expected


def test_a_note_tells_its_names_by_its_front_matter(tmp_path: Path) -> None:
    write_notes(tmp_path, {"a/k3.md": "---\ntitle: 净化器\naliases:\n  - 小米\n---\n\n## 滤芯\n\n半年一换。\n"})
    note = read_note(tmp_path, "a/k3.md")
    assert (note.title, note.names) == ("净化器", ("k3", "净化器", "小米"))


ALIKE = "## 多久清理一次\n\n{often}。\n\n## 保修\n\n保修期{years}年，凭发票。\n\n## 耗材\n\n{part}，网上买就行。\n"
NOTES = {
    "家电/空气净化器.md": ALIKE.format(often="滤网每三个月清理", years="两", part="滤芯"),
    "家电/加湿器.md": ALIKE.format(often="水箱每星期清理", years="一", part="棉芯"),
    "家电/扫地机器人.md": ALIKE.format(often="尘盒每次用完清理", years="三", part="边刷"),
    "旅行/大阪/交通.md": "## 从机场进城\n\n坐南海电车，四十分钟。\n\n## 一日券\n\n八百二十日元。\n",
    "旅行/京都/交通.md": "## 从机场进城\n\n坐特急，七十五分钟。\n\n## 一日券\n\n一千一百日元。\n",
    "k7.md": "---\ntitle: 咖啡机\naliases: [德龙]\n---\n\n## 除垢\n\n每两个月用柠檬酸除垢一次。\n",
    "k8.md": "---\ntitle: 电水壶\n---\n\n## 除垢\n\n每个月用白醋除垢一次。\n",
}


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory, bundled: OnnxEncoder) -> Assistant:
    folder = tmp_path_factory.mktemp("named")
    sync(write_notes(folder / "notes", NOTES), folder / "index", bundled)
    return Assistant.open(folder / "index", bundled)


@pytest.mark.parametrize(
    ("question", "source", "answer"),
    [
        ("空气净化器多久清理一次", "家电/空气净化器.md", "三个月"),
        ("加湿器多久清理", "家电/加湿器.md", "每星期"),
        ("扫地机器人的保修几年", "家电/扫地机器人.md", "三年"),
        ("加湿器保修多久", "家电/加湿器.md", "一年"),
        ("净化器的耗材买什么", "家电/空气净化器.md", "滤芯"),
        ("大阪从机场怎么进城", "旅行/大阪/交通.md", "南海"),
        ("京都从机场怎么进城", "旅行/京都/交通.md", "特急"),
        ("京都的一日券多少钱", "旅行/京都/交通.md", "一千一百"),
        ("德龙怎么除垢", "k7.md", "柠檬酸"),
        ("电水壶多久除一次垢", "k8.md", "白醋"),
    ],
)
def test_the_name_decides(named: Assistant, question: str, source: str, answer: str) -> None:
    got = named.ask(question)
    assert got.hits[0].passage.source == source
    assert got.found
    assert answer in got.text
