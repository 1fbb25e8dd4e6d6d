"""Makes the pictures of the README: `python benchmarks/screenshots.py` asks real questions on corpus/ in Chromium.

Needs `pip install playwright` and a Chromium; writes docs/screenshot*.png. The index is brought up to date first.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
FLAGS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync")
QUESTION = "为什么 Transformer 用多头注意力，而不是一个大头？"
UNKNOWN = "长城有多长？"


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: the file, the questions asked before it, and the window."""

    name: str
    questions: tuple[str, ...]
    scheme: str = "light"
    width: int = 1360
    height: int = 860


SHOTS = (
    Shot("screenshot.png", (QUESTION,)),
    Shot("screenshot-dark.png", (QUESTION,), scheme="dark"),
    Shot("screenshot-phone.png", (QUESTION,), width=390, height=844),
    Shot("screenshot-not-found.png", (UNKNOWN,)),
    Shot("screenshot-start.png", ()),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "docs")
    parser.add_argument("--index", type=Path, default=ROOT / "index")
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    options = parser.parse_args()
    options.out.mkdir(exist_ok=True)
    with served(options.index) as url, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=options.chromium, args=list(FLAGS))
        for shot in SHOTS:
            take(browser, url, shot, options.out / shot.name)
            print(options.out / shot.name)
        browser.close()


@contextmanager
def served(index: Path) -> Iterator[str]:
    """Starts the page on a free port and ends it afterwards."""
    command = [sys.executable, "app.py", "--port", "0", "--index", str(index)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, encoding="utf-8")
    assert process.stdout is not None
    try:
        yield next(line.split()[0] for line in process.stdout if line.startswith("http://"))
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)


def take(browser: Browser, url: str, shot: Shot, path: Path) -> None:
    context = browser.new_context(
        color_scheme="dark" if shot.scheme == "dark" else "light",
        viewport={"width": shot.width, "height": shot.height},
        device_scale_factor=2 if shot.width < 500 else 1.25,
        locale="zh-CN",
    )
    page = context.new_page()
    page.goto(url)
    page.wait_for_selector("#kd-chat .example")
    for question in shot.questions:
        ask(page, question)
    page.locator("#kd-question textarea").blur()
    page.wait_for_timeout(800)  # fonts of the formulas
    page.screenshot(path=path)
    context.close()


def ask(page: Page, question: str) -> None:
    page.fill("#kd-question textarea", question)
    page.press("#kd-question textarea", "Enter")
    page.wait_for_function(
        "() => document.querySelector('.kd-answer') && document.querySelector('#kd-question textarea').value === ''"
    )


if __name__ == "__main__":
    main()
