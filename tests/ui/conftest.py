"""Real pages for the tests here: each a process of its own, on a small corpus with hostile notes among it.

A test in a browser has its own page, folder and port; tests that only ask over HTTP share one.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from rag.encoders.onnx import OnnxEncoder
from rag.indexing.sync import sync
from tests.ui.hostile import FRAGMENTS
from tests.ui.pages import Forked, Forks
from tests.ui.tab import Tab

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 120  # until a page is there, on a machine that is busy with other things
# the shell first: it draws the same pages and has no windows of its own, for half of the time of a processor
CHROMIUM = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")

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
    "火箭 帆船 风筝 雪橇 马车 缆车 轮椅 气球 潜艇 电梯 地铁 卡车 拖拉机 直升机 滑板 独木舟 "
    "火山 冰川 沙漠 瀑布 峡谷 沼泽 珊瑚 彩虹 台风 雷电 雪崩 地震 银河 彗星 月食 极光 "
    "剪刀 雨伞 枕头 蜡烛 锤子 钉子 梯子 望远镜 显微镜 温度计 指南针 算盘 毛笔 砚台 印章 屏风 "
    "豆腐 馒头 饺子 粽子 月饼 汤圆 油条 辣椒 大蒜 生姜 茄子 南瓜 冬瓜 土豆 萝卜 香菇 "
    "足球 篮球 乒乓球 羽毛球 围棋 象棋 跳绳 拔河 击剑 举重 "
    "裁缝 木匠 渔夫 牧羊人 消防员 邮递员 厨师 园丁 裁判 翻译官 "
    "城墙 宝塔 灯塔 水车 磨坊 拱桥 凉亭 牌坊 窑洞 帐篷 "
    "玫瑰 牡丹 菊花 茉莉 仙人掌 蒲公英 银杏 竹子 芦苇 苔藓"
).split()


@dataclass(frozen=True, slots=True)
class Served:
    """A running page."""

    url: str
    corpus: Path
    process: subprocess.Popen[str] | Forked
    copies: Path  # where Gradio would put copies of files


STATEMENT = "说明就写在上面。"  # a tag or a picture alone answers nothing, and is not shown


def hostile_question(number: int) -> str:
    return f"{NAMES[number - 1]}是什么？"


def write_corpus(corpus: Path) -> None:
    (corpus / "饮料").mkdir(parents=True)
    (corpus / "饮料" / "咖啡.md").write_text(COFFEE, encoding="utf-8")
    (corpus / "photo.jpg").write_bytes(b"\xff\xd8")
    for number, fragment in enumerate(FRAGMENTS, 1):
        name = f"h{number}.md" if number > 1 else "<img src=x onerror=window.hacked=1>.md"
        text = f"# <script>window.hacked=1</script>\n\n## {hostile_question(number)}\n\n{fragment}\n\n{STATEMENT}\n"
        (corpus / name).write_text(text, encoding="utf-8")


def start(corpus: Path, index: Path, *options: str, script: str = "app.py") -> Served:
    """Starts a script on a free port, unless `options` say otherwise, and waits for the address that it prints."""
    copies = index.with_name("copies")
    process = subprocess.Popen(
        [sys.executable, script, *_options(corpus, index), *options],
        cwd=ROOT,
        env={**os.environ, "GRADIO_TEMP_DIR": str(copies)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
    )
    assert process.stdout is not None
    return _served(process.stdout, corpus, process, copies)


def _options(corpus: Path, index: Path) -> tuple[str, ...]:
    feedback = index.with_name("feedback")
    return ("--port", "0", "--corpus", str(corpus), "--index", str(index), "--feedback", str(feedback))


def _served(lines: Iterable[str], corpus: Path, process: subprocess.Popen[str] | Forked, copies: Path) -> Served:
    """Returns the page once it answers at the address it prints; raises AssertionError with all that was said."""
    said = []
    for line in lines:
        if line.startswith("http://"):
            url = line.split()[0]
            urllib.request.urlopen(f"{url}/kuaida/state", timeout=SECONDS).close()
            return Served(url, corpus, process, copies)
        said.append(line)
    raise AssertionError("".join(said))


def stop(served: Served) -> str:
    """Presses Ctrl-C and returns what the page said since its address."""
    served.process.send_signal(signal.SIGINT)
    try:
        said, _ = served.process.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        served.process.kill()
        raise
    return said


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks]:
    """What forks pages; started once."""
    forking = Forks()
    yield forking
    forking.close()


def fork(forks: Forks, corpus: Path, index: Path, *options: str, module: str = "app") -> Served:
    """Does what `start` does in a fifth of the time, since everything is imported already."""
    copies = index.with_name("copies")
    process = forks.start({"GRADIO_TEMP_DIR": str(copies)}, module, *_options(corpus, index), *options)
    return _served(iter(lambda: process.readline(SECONDS), ""), corpus, process, copies)


StartPage = Callable[..., Served]


@pytest.fixture
def start_page(forks: Forks) -> Iterator[StartPage]:
    """Starts pages, which end with the test."""
    started: list[Served] = []

    def starting(corpus: Path, index: Path, *options: str, module: str = "app") -> Served:
        started.append(fork(forks, corpus, index, *options, module=module))
        return started[-1]

    yield starting
    for served in started:
        if not served.process.ended:
            assert "Traceback" not in stop(served)


@pytest.fixture(scope="session")
def ready(bundled: OnnxEncoder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the notes of most pages here and their index, to be copied."""
    folder = tmp_path_factory.mktemp("ready")
    write_corpus(folder / "corpus")
    sync(folder / "corpus", folder / "index", bundled)
    return folder


@pytest.fixture(scope="session")
def served(forks: Forks, ready: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A page that many tests ask over HTTP; none may change its notes."""
    folder = Path(shutil.copytree(ready, tmp_path_factory.mktemp("served") / "page"))
    running = fork(forks, folder / "corpus", folder / "index")
    yield running
    stop(running)


@pytest.fixture
def own(start_page: StartPage, ready: Path, tmp_path: Path) -> Served:
    """A page of the test's own, whose notes it may change."""
    folder = Path(shutil.copytree(ready, tmp_path / "page"))
    return start_page(folder / "corpus", folder / "index")


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    """A headless Chromium; skips where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if path is None:
        pytest.skip("no Chromium: apt-get install chromium-headless-shell")
    flags = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
    flags += ("--disable-component-update", "--disable-sync")
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=path, headless=True, args=list(flags))
        yield chromium
        chromium.close()


Visit = Callable[..., Any]


@pytest.fixture
def visit(browser: Any, start_page: StartPage) -> Iterator[Visit]:
    """Opens addresses in a browser that knows nothing yet; what goes wrong there is told at the end."""
    contexts, tabs = [], []

    def visiting(url: str, kind: type[Tab] = Tab, **options: Any) -> Tab:
        settings = {"locale": "zh-CN", "viewport": {"width": 1280, "height": 800}, **options}
        contexts.append(browser.new_context(**settings))
        tabs.append(kind(contexts[-1].new_page(), url))
        return tabs[-1]

    yield visiting
    for context in contexts:
        context.close()
    for tab in tabs:
        assert tab.problems == []
        assert tab.hosts <= {urlsplit(tab.url).netloc, ""}  # "" is data:


@pytest.fixture
def tab(visit: Visit, own: Served) -> Any:
    return visit(own.url)
