"""The architecture, read from the imports: a module of `rag/` imports only from layers below its own."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.process import ROOT, environment

LAYERS = (
    {"errors", "types"},
    {"config", "text", "metrics", "progress", "watching"},
    {"glossary", "phrases", "alignment"},
    {
        "notes",
        "passages",
        "fusion",
        "calibration",
        "extract",
        "translation",
        "sounds",
        "console",
        "parts",
    },
    {"encoder", "reranker", "conversation", "golden", "changes", "feedback", "writing"},
    {"vectors", "lexical", "generations", "generator"},
    {"index", "report"},
    {"reading", "suggest", "telling", "twins", "projection"},
    {"search", "matching"},
    {"asking"},
    {"assistant", "report_page"},
    {"build", "query", "evaluate"},
)
UI_MAY_IMPORT = {
    "assistant",
    "config",
    "encoder",
    "errors",
    "feedback",
    "glossary",
    "index",
    "matching",
    "notes",
    "passages",
    "projection",
    "search",
    "suggest",
    "telling",
    "text",
    "twins",
    "types",
    "watching",
    "writing",
}
OWNERS = {
    "faiss": {"vectors"},
    "tantivy": {"lexical"},
    "onnxruntime": {"encoder"},
    "tokenizers": {"encoder"},
    "sentence_transformers": {"encoder", "reranker"},
    "torch": set(),
    "transformers": set(),
    "opencc": {"text"},
    "pypinyin": {"sounds"},
    "httpx": {"generator"},
    "rich": {"progress"},
    "sklearn": {"projection"},
    "threadpoolctl": {"projection"},
}
MODULES = sorted((ROOT / "rag").glob("*.py"))
UI_MODULES = sorted((ROOT / "rag" / "ui").rglob("*.py"))


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(tree: ast.AST) -> Iterator[str]:
    """Yields the full name of everything imported, inside functions too: "rag.text.clean", "numpy"."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
            yield from (str(argument.value) for argument in node.args if isinstance(argument, ast.Constant))


def rag_imports(path: Path) -> set[str]:
    """Returns the modules of rag/ that the file imports, "ui" for any below rag/ui."""
    return {name.split(".")[1] for name in imports(parse(path)) if name.startswith("rag.")}


def reads_environment(tree: ast.AST) -> bool:
    names = {"os.environ", "os.environb", "os.getenv", "os.putenv"}
    attributes = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return bool(names & (attributes | set(imports(tree))))


def test_the_reader_of_imports_sees_every_form() -> None:
    tree = ast.parse(
        "import a.b, c\nfrom rag.text import clean\nfrom rag import index\n"
        "def f():\n    import d\n    importlib.import_module('e')\n"
    )
    assert sorted(imports(tree)) == ["a.b", "c", "d", "e", "rag.index", "rag.text.clean"]
    for code in ("import os\nos.environ['A']", "import os\nos.getenv('A')", "from os import environ"):
        assert reads_environment(ast.parse(code))
    assert not reads_environment(ast.parse("import os\nos.path.join('a')"))


def test_every_module_has_a_layer() -> None:
    known = set.union(*LAYERS) | {"__init__"}
    assert {path.stem for path in MODULES} - known == set()
    assert {"errors", "types", "config", "text", "notes", "passages", "fusion", "encoder", "index"} <= {
        path.stem for path in MODULES
    }


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_module_imports_only_lower_layers(path: Path) -> None:
    if path.stem == "__init__":
        assert rag_imports(path) == {"config"}
        return
    own = next(number for number, layer in enumerate(LAYERS) if path.stem in layer)
    assert rag_imports(path) - set().union(*LAYERS[:own]) == set()


@pytest.mark.parametrize("path", UI_MODULES, ids=lambda path: path.stem)
def test_the_page_stands_on_the_assistant(path: Path) -> None:
    assert rag_imports(path) - UI_MAY_IMPORT - {"ui"} == set()


@pytest.mark.parametrize("library", OWNERS)
def test_a_library_has_one_importer(library: str) -> None:
    importers = {
        path.stem
        for path in (*MODULES, *UI_MODULES)
        if library in {name.split(".")[0] for name in imports(parse(path))}
    }
    assert importers == {owner for owner in OWNERS[library] if (ROOT / "rag" / f"{owner}.py").exists()}


def test_only_config_reads_the_environment() -> None:
    assert [path.stem for path in (*MODULES, *UI_MODULES) if reads_environment(parse(path))] == ["config"]


def test_a_question_loads_no_heavy_library(bundled_index: Path) -> None:
    """Importing sentence-transformers alone takes six seconds, an answer must take less than one."""
    heavy = ("torch", "sentence_transformers", "transformers", "jieba", "gradio", "rich", "uvicorn", "onnx", "scipy")
    code = (
        "import sys; from rag.query import main; "
        f"code = main(['什么是位置编码？', '--json', '--index', {str(bundled_index)!r}]); "
        f"sys.stderr.write(str([name for name in {heavy} if name in sys.modules]) + str('faiss' in sys.modules)); "
        "sys.exit(2 if code == 2 else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment(), capture_output=True, encoding="utf-8", timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "[]True")
