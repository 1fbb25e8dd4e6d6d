"""What notes say of themselves before their text."""

from __future__ import annotations

import pytest

from rag.text.fields import fields


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("---\ntitle: 三日\naliases: [关西, Kansai]\ntags:\n  - 旅行\n  - 吃\ndraft: false\n---\n正文", {
            "title": ("三日",), "aliases": ("关西", "Kansai"), "tags": ("旅行", "吃"), "draft": ("false",),
        }),
        ("---\ntitle: Berlin: one\ndate: 2024-05-01\n---\n", {"title": ("Berlin: one",), "date": ("2024-05-01",)}),
        ("---\ntitle: '引号: 里'\n---\n", {"title": ("引号: 里",)}),
        ("---\n- a: b\n---\n", {}),
        ("---\na: &x [1]\nb: *x\n---\n", {"a": ("1",), "b": ("1",)}),
        ("title:: 读书会\nalias:: 书友, [[Books]]\n\n- 第一条", {"title": ("读书会",), "alias": ("书友", "Books")}),
        ("正文\ntitle:: 不在开头", {}),
        ("", {}),
    ],
)  # fmt: skip
def test_fields(text: str, expected: dict[str, tuple[str, ...]]) -> None:
    assert fields(text.split("\n")) == expected
