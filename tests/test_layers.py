"""The architecture, read from the imports: a package of `rag/` imports only from those before it in one list."""

from __future__ import annotations

import ast
import graphlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.process import ROOT, environment

# Lowest first: what stands in a line imports only from lines above it, and from itself.
ORDER = """
types errors config durable folders progress text console encoders notes passages store question retrieval insights
indexing answering assistant feedback evaluation serving ui build server query evaluate serve cli
""".split()
OWNERS = {
    "defusedxml": {"notes.readers.package"},
    "pypdf": {"notes.readers.pdf"},
    "selectolax": {"notes.readers.html"},
    "faiss": {"store.faiss_vectors"},
    "tantivy": {"store.tantivy_postings"},
    "onnxruntime": {"encoders.onnx"},
    "tokenizers": {"encoders.onnx"},
    "sentence_transformers": {"encoders.sentence_transformers", "retrieval.reranker"},
    "platformdirs": {"config"},
    "uvicorn": {"serving.listener"},
    "opencc": {"text.normal"},
    "pypinyin": {"text.typos"},
    "rapidfuzz": {"text.typos"},
    "pathspec": {"notes.ignoring"},
    "rich": {"progress"},
    "sklearn": {"insights.projection"},
    "threadpoolctl": {"insights.projection"},
    "torch": set(),
    "transformers": set(),
}
RAG = ROOT / "rag"
MODULES = sorted(path for path in RAG.rglob("*.py") if RAG / "model" not in path.parents)


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


def room(path: Path) -> str:
    """Returns the line of ORDER that a module belongs to: its package below rag/, or itself."""
    return path.relative_to(RAG).parts[0].removesuffix(".py")


def rooms(path: Path) -> set[str]:
    """Returns the lines of ORDER that a module imports from."""
    return {name.split(".")[1] for name in imports(parse(path)) if name.startswith("rag.")}


def dotted(path: Path) -> str:
    return ".".join(path.relative_to(RAG).with_suffix("").parts)


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


def test_the_order_names_every_room_and_no_other() -> None:
    assert sorted(ORDER) == sorted({room(path) for path in MODULES} - {"__init__", "__main__"})
    assert len(MODULES) > 80


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_a_module_imports_only_from_lower_rooms(path: Path) -> None:
    own = room(path)
    lower = {"__init__": ["config"], "__main__": ORDER}.get(own) or ORDER[: ORDER.index(own) + 1]
    assert rooms(path) - set(lower) == set()


def test_no_module_imports_itself_by_way_of_others() -> None:
    names = {f"rag.{dotted(path)}": path for path in MODULES}
    graph = {
        name: {part for found in imports(parse(path)) for part in (found, found.rpartition(".")[0]) if part in names}
        for name, path in names.items()
    }
    assert tuple(graphlib.TopologicalSorter(graph).static_order())  # raises CycleError


@pytest.mark.parametrize("library", OWNERS)
def test_a_library_has_one_importer(library: str) -> None:
    importers = {dotted(path) for path in MODULES if library in {name.split(".")[0] for name in imports(parse(path))}}
    assert importers == OWNERS[library]


def test_only_the_page_needs_gradio() -> None:
    importers = {room(path) for path in MODULES if "gradio" in {name.split(".")[0] for name in imports(parse(path))}}
    assert importers == {"ui", "server"}


def test_only_config_reads_the_environment() -> None:
    assert [dotted(path) for path in MODULES if reads_environment(parse(path))] == ["config"]


def test_a_question_loads_no_heavy_library(bundled_index: Path) -> None:
    """Importing sentence-transformers alone takes six seconds, an answer must take less than one."""
    heavy = ("torch", "sentence_transformers", "transformers", "jieba", "gradio", "rich", "uvicorn", "onnx", "scipy")
    heavy += ("selectolax", "pypdf", "defusedxml")  # for files that are not there
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
