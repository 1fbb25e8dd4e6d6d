"""The documents hold together: links lead somewhere, commands exist, the map is whole, figures agree everywhere."""

from __future__ import annotations

import importlib.util
import re
import urllib.parse
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.process import ROOT

FRONT = (ROOT / "README.md", ROOT / "README.zh-CN.md")
MAP, FIGURES = ROOT / "rag" / "README.md", ROOT / "benchmarks" / "README.md"
DOCUMENTS = [
    *FRONT,
    ROOT / "CONTRIBUTING.md",
    *(ROOT / folder / "README.md" for folder in ("rag", "rag/model", "benchmarks", "training")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
TWINS = [
    FRONT,
    (FIGURES, ROOT / "docs" / "zh" / "benchmarks.md"),
    *((path, ROOT / "docs" / "zh" / path.name) for path in sorted((ROOT / "docs").glob("*.md"))),
]
FRONT_BYTES = 9_000
COMMANDS = (
    "pip install -r requirements.txt && python app.py",
    "pip install -r requirements.txt && python -m pytest",
)

FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`\n]*`")
LINK = re.compile(r"\]\(([^()\s]+)\)")
HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
NO_ANCHOR = re.compile(r"[^\w\- ]")
MODULE = re.compile(r"python3? -m ([\w.]+\w)")
FIGURE = re.compile(r"\d+\.\d+")
ROW = re.compile(r"^\| \[(\w+)/\]\(\1\) \|.*$", re.MULTILINE)


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def links(text: str) -> list[str]:
    return LINK.findall(CODE.sub("", FENCE.sub("", text)))


def anchors(text: str) -> set[str]:
    """Returns the anchors of the headings, as GitHub makes them."""
    times: Counter[str] = Counter()
    found = set()
    for heading in HEADING.findall(FENCE.sub("", text)):
        anchor = NO_ANCHOR.sub("", heading.lower()).replace(" ", "-")
        found.add(f"{anchor}-{times[anchor]}" if times[anchor] else anchor)
        times[anchor] += 1
    return found


def broken(path: Path) -> Iterator[str]:
    """Yields the links of a document that lead nowhere."""
    for link in links(read(path)):
        target, _, anchor = urllib.parse.unquote(link).partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        place = path.parent / target if target else path
        if not place.exists() or (anchor and anchor not in anchors(read(place))):
            yield link


def is_module(module: str) -> bool:
    path = ROOT.joinpath(*module.split("."))
    if path.parent != ROOT or path.is_dir():
        return path.with_suffix(".py").is_file() or (path / "__main__.py").is_file()
    return importlib.util.find_spec(module) is not None


def test_links_and_anchors_are_read_as_github_reads_them() -> None:
    text = "# The door `/ask`\n## 接口 `/ask`\n## A, b\n## A, b\n```\n# not [this](x.md)\n```\n`[nor](y)` [z](z.md#a)"
    assert links(text) == ["z.md#a"]
    assert anchors(text) == {"the-door-ask", "接口-ask", "a-b", "a-b-1"}
    assert is_module("rag.build") and is_module("pytest")
    assert not is_module("rag.nothing") and not is_module("nothing")


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_every_link_leads_somewhere(path: Path) -> None:
    assert list(broken(path)) == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_every_module_that_is_run_exists(path: Path) -> None:
    assert [module for module in MODULE.findall(read(path)) if not is_module(module)] == []


@pytest.mark.parametrize("path", FRONT, ids=name)
def test_a_front_page_is_short_and_has_both_commands(path: Path) -> None:
    assert len(path.read_bytes()) <= FRONT_BYTES
    assert all(f"\n{command}\n" in read(path) for command in COMMANDS)


def test_every_document_can_be_reached_from_the_front_page() -> None:
    for front in FRONT:
        reached, pending = {front}, [front]
        while pending:
            path = pending.pop()
            targets = {(path.parent / link.partition("#")[0]).resolve() for link in links(read(path))}
            fresh = targets.intersection(DOCUMENTS) - reached
            reached |= fresh
            pending += fresh
        assert reached == set(DOCUMENTS)


@pytest.mark.parametrize("pair", TWINS, ids=lambda pair: name(pair[0]))
def test_both_languages_have_the_same_figures(pair: tuple[Path, Path]) -> None:
    english, chinese = (Counter(FIGURE.findall(read(path))) for path in pair)
    assert english == chinese


@pytest.mark.parametrize("path", [*FRONT, ROOT / "rag" / "model" / "README.md"], ids=name)
def test_a_figure_is_quoted_as_it_was_measured(path: Path) -> None:
    """Figures outside of tables are versions and examples; 0.996 and 0.992 come from `training/export.py`."""
    quoted = {figure for row in read(path).split("\n") if row.startswith("|") for figure in FIGURE.findall(row)}
    training = read(ROOT / "training" / "README.md")
    assert quoted - {*FIGURE.findall(read(FIGURES)), *FIGURE.findall(training)} == set()


def test_the_map_names_every_package_and_every_file() -> None:
    rows = {match[1]: match[0] for match in ROW.finditer(read(MAP))}
    packages = {path.parent.name: path.parent for path in (ROOT / "rag").glob("*/__init__.py")}
    assert rows.keys() == packages.keys()
    unnamed = [
        f"{package}/{path.name}"
        for package, folder in packages.items()
        if package != "ui"  # a folder a tab, whose files are as many as all the others
        for path in folder.glob("[!_]*.py")
        if not re.search(rf"\b{path.stem}\b", rows[package])
    ]
    assert unnamed == []
    assert [path.name for path in (ROOT / "rag").glob("[!_]*.py") if path.name not in read(MAP)] == []
