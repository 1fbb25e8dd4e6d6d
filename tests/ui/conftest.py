"""One real page for all tests here: `app.py` in its own process, on a small corpus with hostile notes among it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.ui.hostile import FRAGMENTS

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")

COFFEE = """# 咖啡

## 手冲咖啡的水温应该是多少？

水温在 **92 到 94 度**之间，写作 $T=93\\pm1$。浅烘的豆子用高一点的水温 [1]。

| 烘焙 | 水温 |
|---|---|
| 浅烘 | 94 |

## 磨豆机怎么清洗？

```sh
brush --dry  # 不用水
```
"""

NAMES = (
    "狐狸 骆驼 企鹅 海豚 蜻蜓 刺猬 袋鼠 孔雀 鳄鱼 松鼠 蝙蝠 猎豹 章鱼 水母 乌龟 鹦鹉 犀牛 蟋蟀 羚羊 河马 "
    "柠檬 石榴 荔枝 草莓 菠萝 核桃 芒果 山楂 樱桃 葡萄 琵琶 二胡 长笛 钢琴 唢呐 竖琴 口琴 古筝 小号 圆号 "
    "火箭 帆船 风筝 雪橇 马车 缆车 轮椅 气球"
).split()


@dataclass(frozen=True, slots=True)
class Served:
    """A running page."""

    url: str
    corpus: Path
    process: subprocess.Popen[str]


def hostile_question(number: int) -> str:
    return f"{NAMES[number - 1]}是什么？"


def write_corpus(corpus: Path) -> None:
    (corpus / "饮料").mkdir(parents=True)
    (corpus / "饮料" / "咖啡.md").write_text(COFFEE, encoding="utf-8")
    (corpus / "photo.jpg").write_bytes(b"\xff\xd8")
    for number, fragment in enumerate(FRAGMENTS, 1):
        name = f"h{number}.md" if number > 1 else "<img src=x onerror=window.hacked=1>.md"
        text = f"# <script>window.hacked=1</script>\n\n## {hostile_question(number)}\n\n{fragment}\n"
        (corpus / name).write_text(text, encoding="utf-8")


def start(corpus: Path, index: Path) -> Served:
    """Starts `app.py` on a free port and waits for the address that it prints."""
    command = [sys.executable, "app.py", "--port", "0", "--corpus", str(corpus), "--index", str(index)]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8"
    )
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if line.startswith("http://"):
            return Served(line.split()[0], corpus, process)
    process.communicate()
    raise AssertionError("".join(said))


def stop(served: Served) -> str:
    """Presses Ctrl-C and returns what the page said until then."""
    served.process.send_signal(signal.SIGINT)
    try:
        said, _ = served.process.communicate(timeout=20)
    except subprocess.TimeoutExpired:
        served.process.kill()
        raise
    return said


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("page")
    write_corpus(folder / "corpus")
    running = start(folder / "corpus", folder / "index")
    yield running
    stop(running)


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    """A headless Chromium; skips where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = next((path for path in CHROMIUM if os.access(path, os.X_OK)), None) or shutil.which("chromium")
    if path is None:
        pytest.skip("no Chromium: apt-get install chromium")
    flags = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
    flags += ("--disable-component-update", "--disable-sync")
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=path, headless=True, args=list(flags))
        yield chromium
        chromium.close()
