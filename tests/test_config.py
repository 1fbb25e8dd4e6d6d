from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rag import config
from tests.process import ROOT, environment


@pytest.mark.parametrize(
    ("is_terminal", "variables", "expected"),
    [
        (True, {"TERM": "xterm"}, True),
        (True, {}, True),
        (False, {"TERM": "xterm"}, False),
        (True, {"TERM": "dumb"}, False),
        (True, {"TERM": "xterm", "NO_COLOR": "1"}, False),
        (True, {"TERM": "xterm", "NO_COLOR": "0"}, False),  # set to anything at all
        (True, {"TERM": "xterm", "NO_COLOR": ""}, True),  # but not to nothing (no-color.org)
    ],
)
def test_colours(monkeypatch: pytest.MonkeyPatch, is_terminal: bool, variables: dict[str, str], expected: bool) -> None:
    for name in ("TERM", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert config.colours_wanted(is_terminal) is expected


def test_the_history_is_state_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert config.history_file() == tmp_path / "kuaida" / "history"
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert config.history_file() == tmp_path / ".local" / "state" / "kuaida" / "history"


def test_libraries_are_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GRADIO_ANALYTICS_ENABLED", "HF_HUB_DISABLE_TELEMETRY", "ORT_DISABLE_TELEMETRY"):
        monkeypatch.setenv(name, "whatever the person has")
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "8")
    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "true")
    config.configure_libraries()
    assert os.environ["GRADIO_ANALYTICS_ENABLED"] == "False"
    assert os.environ["HF_HUB_DISABLE_TELEMETRY"] == "1"
    assert os.environ["ORT_DISABLE_TELEMETRY"] == "1"
    assert os.environ["OPENBLAS_NUM_THREADS"] == "1"
    assert os.environ["TOKENIZERS_PARALLELISM"] == "true"  # a matter of speed: the person decides


def test_numpy_multiplies_in_one_thread() -> None:
    code = (
        "import rag, numpy, threadpoolctl; "
        "print(*[pool['num_threads'] for pool in threadpoolctl.threadpool_info() if pool['user_api'] == 'blas'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT, env=environment(OPENBLAS_NUM_THREADS="2"), capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split() == ["1"]


@pytest.mark.parametrize(
    ("is_terminal", "platform", "variables", "expected"),
    [
        (True, "linux", {"DISPLAY": ":0"}, True),
        (True, "linux", {"WAYLAND_DISPLAY": "wayland-0"}, True),
        (True, "linux", {}, False),
        (True, "darwin", {}, True),
        (True, "win32", {}, True),
        (False, "darwin", {"DISPLAY": ":0"}, False),
    ],
)
def test_a_browser_is_opened_on_a_desktop(
    monkeypatch: pytest.MonkeyPatch, is_terminal: bool, platform: str, variables: dict[str, str], expected: bool
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "platform", platform)
    assert config.browser_wanted(is_terminal) is expected


def test_an_installed_command_keeps_its_data_where_the_platform_wants_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    if sys.platform == "linux":
        assert config.data_folder() == tmp_path / "kuaida"
    assert config.data_folder().name == "kuaida"
