"""Makes a picture of each state of the page: `python -m benchmarks.screenshots` uses it over corpus/ in Chromium.

Needs `pip install playwright` and a Chromium; writes docs/screenshot*.png. The index is brought up to date first.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
BOX = "#kd-question textarea"
FLAGS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync")
QUESTION = "为什么 Transformer 用多头注意力，而不是一个大头？"
UNKNOWN = "长城有多长？"


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: its file, the questions asked before it, what is done then, and the window."""

    name: str
    questions: tuple[str, ...] = ()
    then: Callable[[Page], None] = lambda page: None
    scheme: str = "light"
    locale: str = "zh-CN"
    width: int = 1360
    height: int = 860


def typed(page: Page) -> None:
    page.fill(BOX, "")
    page.click(BOX)
    page.keyboard.type("zhuyili")
    page.wait_for_selector("#kd-suggestions li")


def hovered(page: Page) -> None:
    page.hover("a.kd-chip")
    page.wait_for_selector("#kd-bubble", state="visible")


def opened(page: Page) -> None:
    page.click("#kd-1-1 .kd-source")
    page.wait_for_selector("#kd-note .kd-marked")
    page.wait_for_timeout(2500)  # until formulas have found their height


def tab(name: str, ready: str) -> Callable[[Page], None]:
    def show(page: Page) -> None:
        page.click(f'#kd-tabs [role="tab"][data-tab-id="{name}"]')
        page.wait_for_selector(ready)
        page.wait_for_timeout(1000)

    return show


def compared(page: Page) -> None:
    tab("notes", "#kd-notes [name=twins]")(page)
    page.click("#kd-notes [name=twins]")
    page.wait_for_selector("#kd-notes-twins .kd-twins", timeout=60_000)


def rebuilt(page: Page) -> None:
    tab("index", "#kd-rebuild")(page)
    page.click("#kd-rebuild")
    page.wait_for_selector("#kd-report .kd-report", timeout=120_000)


MAP = tab("map", "#kd-map circle")

SHOTS = (
    Shot("screenshot.png", (QUESTION,)),
    Shot("screenshot-dark.png", (QUESTION,), scheme="dark"),
    Shot("screenshot-english.png", ("How does LoRA work?",), locale="en-GB"),
    Shot("screenshot-phone.png", (QUESTION,), width=390, height=844),
    Shot("screenshot-phone-note.png", (QUESTION,), opened, width=390, height=844),
    Shot("screenshot-not-found.png", (UNKNOWN,)),
    Shot("screenshot-start.png"),
    Shot("screenshot-typeahead.png", (QUESTION,), typed),
    Shot("screenshot-hover.png", (QUESTION,), hovered),
    Shot("screenshot-note.png", (QUESTION,), opened),
    Shot("screenshot-twins.png", (), compared),
    Shot("screenshot-index.png", (UNKNOWN,), rebuilt),
    Shot("screenshot-map.png", (QUESTION,), MAP),
    Shot("screenshot-map-dark.png", (QUESTION,), MAP, scheme="dark"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "docs")
    parser.add_argument("--index", type=Path, default=ROOT / "index")
    parser.add_argument("--only", nargs="*", metavar="NAME", help="pictures to make (default: all)")
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    options = parser.parse_args()
    options.out.mkdir(exist_ok=True)
    with served(options.index) as url, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=options.chromium, args=list(FLAGS))
        for shot in SHOTS:
            if options.only and shot.name not in options.only:
                continue
            take(browser, url, shot, options.out / shot.name)
            print(options.out / shot.name)
        browser.close()


@contextmanager
def served(index: Path) -> Iterator[str]:
    """Starts the page on a free port and ends it afterwards."""
    with tempfile.TemporaryDirectory() as feedback:  # what is asked here is no gap of the person's
        command = [sys.executable, "app.py", "--port", "0", "--index", str(index), "--feedback", feedback]
        yield from _served(command)


def _served(command: list[str]) -> Iterator[str]:
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
        locale=shot.locale,
    )
    page = context.new_page()
    page.goto(url)
    page.wait_for_selector("#kd-tools")
    for question in shot.questions:
        ask(page, question)
    page.locator(BOX).blur()
    page.wait_for_timeout(800)  # fonts of the formulas
    shot.then(page)
    page.screenshot(path=path)
    context.close()


def ask(page: Page, question: str) -> None:
    page.fill(BOX, question)
    page.press(BOX, "Enter")
    page.wait_for_function(
        "question => [...document.querySelectorAll('.kd-question')].at(-1)?.textContent === question"
        " && [...document.querySelectorAll('.kd-reply')].at(-1)?.querySelector('.kd-timing')",
        arg=question,
    )


if __name__ == "__main__":
    main()
