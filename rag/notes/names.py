"""What a note goes by besides its headings: the name of its file, and what it calls itself."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from rag.text.fields import Fields
from rag.text.normal import letters

# What says nothing of what is in a note.
COMMON = frozenset(
    "readme index note notes untitled new document doc docs page pages journals journal daily inbox misc todo "
    "笔记 文档 未命名 无标题 新建文本文档 新建 杂记 其他 日记 目录 首页 收件箱".split()
)
OWN = ("title", "aliases", "alias")
NAME_CHARACTERS = 60  # a longer "title" is prose


def names_of(source: str, fields: Fields) -> tuple[str, ...]:
    """Returns the names of the note at `source` in order, each once, without those that any note may have.

    Its folders are not among them: they are in its source, and belong to other notes too.
    """
    told = (PurePosixPath(source).stem, *(name for key in OWN for name in fields.get(key, ())))
    names = {letters(name): name[:NAME_CHARACTERS] for name in reversed(told) if _tells(letters(name))}
    return tuple(reversed(names.values()))


def _tells(name: str) -> bool:
    return name not in COMMON and re.fullmatch(r"|[0-9]{1,3}|[0-9a-z]", name) is None  # "01.md", "x.md"
