"""What counts as a Han character is said once, and everything else goes by it."""

from __future__ import annotations

import re

import pytest

from rag.text.normal import HAN_RUN
from tests.process import ROOT

# The first and the last character of a block, as itself or as an escape of any length, wherever it is written.
BORDERS = re.compile(r"(?i)\\u(?:4e00|9fff|9fa5|3400|4dbf|f900|faff)|\\U000(?:20000|3134f|2a6df)|[一鿿龥㐀䶿豈]-")


@pytest.mark.parametrize(
    ("character", "is_han"),
    [
        ("一", True),
        ("\u9fff", True),
        ("㐀", True),  # extension A
        ("豈", True),  # a compatibility character
        ("𠮷", True),  # extension B
        ("\U0003134f", True),  # the last of extension G
        ("々", False),
        ("の", False),
        ("。", False),
        ("a", False),
        ("", False),
    ],
)
def test_what_is_a_han_character(character: str, is_han: bool) -> None:
    assert bool(HAN_RUN.fullmatch(character)) is is_han


def test_only_one_module_knows_the_ranges() -> None:
    assert len(re.findall(BORDERS, r"[\u4e00-\U0003134f] [一-鿿]")) == 3
    modules = [path for path in (ROOT / "rag").rglob("*.py") if BORDERS.search(path.read_text(encoding="utf-8"))]
    assert [path.relative_to(ROOT).as_posix() for path in modules] == ["rag/text/normal.py"]
