"""The package as people install it: what its wheel holds, what it requires, and that it works away from the clone."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.process import ROOT, SECONDS, environment
from tests.small import ENTRY, ENTRY_ANSWER, ENTRY_PLACE, write_notes

BUILT_FROM = ("rag", "corpus", "pyproject.toml", "setup.py", "README.md", "LICENSE", "NOTICE")
HELD = """
rag/cli.py rag/model/onnx/model.onnx rag/model/tokenizer.json rag/model/kuaida.json rag/model/late.npz
rag/text/lexicon.tsv rag/evaluation/report.css rag/serving/starting.html rag/ui/icon.png rag/ui/assets/page.js
rag/bundled_notes/transformer.md rag/bundled_notes/glossary.tsv
""".split()
NAMES = {
    "faiss": "faiss-cpu",
    "sklearn": "scikit-learn",
    "markdown_it": "markdown-it-py",
    "yaml": "pyyaml",
}  # a module and what holds it
FORMATS = {"defusedxml", "pypdf", "selectolax"}  # imported where there is such a file
MODELS = {"sentence_transformers"}  # imported where somebody names such a model, and only there


def requirements(name: str) -> dict[str, str]:
    """Returns the projects that a file names, with the versions it allows: {"pytest": ">=9.2,<10"}."""
    found = {}
    for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
        if match := re.match(r"(\w[\w.-]*)\s*([^#]*)", line):
            found[match[1]] = match[2].strip()
    return found


def imported() -> set[str]:
    """Returns the top-level names that `rag/` imports, the standard library and its own left out."""
    names: set[str] = set()
    for path in (ROOT / "rag").rglob("*.py"):
        if ROOT / "rag" / "model" in path.parents:  # for sentence-transformers, which brings what that imports
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names.add(node.module.split(".")[0])
            elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
                names |= {str(name.value).split(".")[0] for name in node.args if isinstance(name, ast.Constant)}
    return names - set(sys.stdlib_module_names) - {"rag", "__future__"}


def canonical(project: str) -> str:
    return re.sub(r"[-_.]+", "-", project).lower()


# -------------------------------------------------------------------------------------------------------- requirements


def test_everything_imported_is_declared_and_nothing_else() -> None:
    declared = {canonical(name) for name in requirements("requirements-light.txt")}
    needed = {canonical(NAMES.get(name, name)) for name in imported() - MODELS - FORMATS}
    assert needed == declared
    assert imported() & MODELS == MODELS
    assert {canonical(name) for name in requirements("requirements-formats.txt")} == imported() & FORMATS


def test_requirements_txt_names_what_its_readers_look_for_and_agrees_with_the_others() -> None:
    everything = requirements("requirements.txt")
    assert list(everything) == ["sentence-transformers", "faiss-cpu", "gradio", "pytest", "torch"]
    others = {
        project: versions
        for name in ("light", "formats", "test", "models")
        for project, versions in requirements(f"requirements-{name}.txt").items()
    }
    assert {project: others[project] for project in everything} == everything
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith("-r")] == [
        "-r requirements-light.txt",
        "-r requirements-formats.txt",
        "-r requirements-test.txt",
    ]


# ---------------------------------------------------------------------------------------------------------- the wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy, so that nothing is left in the clone and nothing old of it gets in."""
    source = tmp_path_factory.mktemp("source")
    for name in (*BUILT_FROM, *(path.name for path in ROOT.glob("requirements*.txt"))):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, source / name)
    pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", source / "dist", source)
    (built,) = (source / "dist").glob("*.whl")
    return built


def pip(*arguments: object) -> None:
    command = [sys.executable, "-m", "pip", "--quiet", "--no-input", "--disable-pip-version-check", "--no-cache-dir"]
    done = subprocess.run(
        [*command, *map(str, arguments)],
        env=environment(PIP_NO_INDEX="1"), capture_output=True, encoding="utf-8", timeout=2 * SECONDS,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def text_of(wheel: Path, name: str) -> str:
    with zipfile.ZipFile(wheel) as archive:
        (path,) = (path for path in archive.namelist() if path.endswith(name))
        return archive.read(path).decode()


def test_the_wheel_holds_what_the_package_needs(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    sources = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "rag").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    } - {"rag/README.md"}  # for who reads the code
    notes = {f"rag/bundled_notes/{path.name}" for path in (ROOT / "corpus").iterdir() if path.is_file()}
    information = {name for name in names if name.split("/")[0].endswith(".dist-info")}
    assert names - information == sources | notes
    assert names >= set(HELD)
    assert text_of(wheel, "/entry_points.txt").split("\n")[:2] == ["[console_scripts]", "kuaida = rag.cli:main"]


def test_the_wheel_requires_nothing_to_test_or_train_with(wheel: Path) -> None:
    lines = re.findall(r"^Requires-Dist: ([\w.-]+)(.*)$", text_of(wheel, "/METADATA"), re.MULTILINE)
    always = {canonical(name) for name, rest in lines if "extra ==" not in rest}
    assert always == {canonical(name) for name in requirements("requirements-light.txt")}
    assert not always & {"torch", "sentence-transformers", "pytest", "playwright", "httpx"}
    for extra in ("models", "test", "dev"):
        named = {canonical(name) for name, rest in lines if f'extra == "{extra}"' in rest}
        assert named == {canonical(name) for name in requirements(f"requirements-{extra}.txt")}


# ---------------------------------------------------------------------------------------------------------- installed


class Installed:
    """The package in an environment of its own, run from another folder by a person who has nothing yet."""

    def __init__(self, folder: Path, wheel: Path) -> None:
        self.home, self.work = folder / "home", folder / "work"
        self.home.mkdir()
        self.work.mkdir()
        self._venv = folder / "venv"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", self._venv], check=True, timeout=SECONDS)
        pip("--python", self._venv, "install", "--no-deps", wheel)
        (site,) = [*self._venv.glob("lib/python*/site-packages"), *self._venv.glob("Lib/site-packages")]
        here = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
        (site / "dependencies.pth").write_text("\n".join(here))  # what is installed already; the wheel's own come first
        self.data = self.home / "data" / "kuaida"

    def command(self, program: str, *arguments: object) -> list[str]:
        return [str(self._venv / ("Scripts" if os.name == "nt" else "bin") / program), *map(str, arguments)]

    def variables(self) -> dict[str, str]:
        variables = environment(HOME=str(self.home), XDG_DATA_HOME=str(self.home / "data"))
        return {name: value for name, value in variables.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}

    def run(self, *arguments: object, program: str = "kuaida") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(program, *arguments),
            cwd=self.work, env=self.variables(), stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8",
            timeout=SECONDS,
        )  # fmt: skip


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    yield Installed(tmp_path_factory.mktemp("installed"), wheel)


def test_installed_it_asks_and_builds_in_the_users_data_folder(installed: Installed) -> None:
    where = installed.run("-c", "import rag.config as c; print(c.IS_CLONE, c.PACKAGE)", program="python")
    assert where.stdout.startswith(f"False {installed.home.parent}"), where.stderr

    bundled = installed.data / "notes" / "bundled" / "index"
    none = installed.run("ask", ENTRY)
    assert (none.returncode, none.stdout) == (2, "")
    assert none.stderr == f"kuaida ask: no index in {bundled}: run `kuaida build`\n"

    write_notes(installed.work / "notes")
    built = installed.run("build", "--corpus", "notes", "--json")
    assert (built.returncode, built.stderr) == (0, "")
    report = json.loads(built.stdout)
    assert (report["notes"], report["passages"], report["added"]) == (3, 5, 5)

    asked = installed.run("ask", ENTRY)  # of the folder that was built last
    assert (asked.returncode, asked.stderr) == (0, "")
    assert asked.stdout.startswith(f"{ENTRY_ANSWER}\n\n引用\n*[1] {ENTRY_PLACE}  ")
    assert installed.run("build", "--check").stdout == "index: current\n"
    (own,) = (installed.data / "notes").glob("notes-*")
    assert (own / "index" / "CURRENT").is_file()
    assert not bundled.exists()
    assert sorted(path.name for path in installed.work.iterdir()) == ["notes"]
    assert sorted(path.name for path in installed.home.iterdir()) == ["data"]


def test_installed_python_m_rag_is_the_same(installed: Installed) -> None:
    for program, arguments in (("kuaida", ["--version"]), ("python", ["-m", "rag", "--version"])):
        done = installed.run(*arguments, program=program)
        assert (done.returncode, done.stdout) == (0, "kuaida 0.1.0\n")


def test_installed_the_page_is_whole_and_its_folder_remembered(installed: Installed) -> None:
    corpus = write_notes(installed.work / "page notes")
    process = subprocess.Popen(
        installed.command("kuaida", "page notes", "--port", "0", "--no-browser"),
        cwd=installed.work, env=installed.variables(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        encoding="utf-8",
    )  # fmt: skip
    try:
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if line.startswith("http://"):
                break
        url = said[-1].split()[0]
        for path in ("/", "/en/", "/kuaida/assets/page.js", "/favicon.ico", "/kuaida/suggest?q=zy"):
            assert httpx.get(url + path, timeout=SECONDS).status_code == 200, (path, said)
        process.send_signal(signal.SIGTERM)  # as a service manager does
        assert (process.communicate(timeout=SECONDS)[0], process.returncode) == ("\n", 0)
    finally:
        process.kill()
        process.communicate()
    assert said[1].startswith("index: 3 notes, 5 passages (+5 ~0 −0) in ")
    last = json.loads((installed.data / "last.json").read_text(encoding="utf-8"))
    assert last == {"corpus": os.path.realpath(corpus)}
