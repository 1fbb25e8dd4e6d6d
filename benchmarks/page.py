"""Measures the page in Chromium: `python -m benchmarks.page` starts it on corpus/ and prints what people wait for.

    first paint        from the request to the first contentful paint, beside a Gradio page with one empty text box
    question → answer  from Enter to the whole answer on the screen, beside the same question without a page
    layout shift       of the whole visit, by the browser's own measure (0.1 is good)
    citations          random golden questions: the first card opens its note, and the lines that are marked there are
                       compared with the file
    accessibility      axe-core's rules that pass, weighed by their impact, in all tabs, light and dark, wide and narrow

Needs `pip install -r requirements-light.txt` and a Chromium. The index is brought up to date first.
"""

from __future__ import annotations

import argparse
import random
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.screenshots import BOX, FLAGS, ROOT, served
from rag.assistant import Assistant
from rag.encoders.load import load_encoder
from rag.evaluation.golden import read_golden

BASELINE = """
import gradio, sys
with gradio.Blocks(analytics_enabled=False) as page:
    gradio.Textbox()
page.launch(server_name="127.0.0.1", server_port=int(sys.argv[1]), quiet=True, ssr_mode=False)
"""
LOADS = 7
PER_CONVERSATION = 5  # questions; a conversation is seldom longer
WEIGHTS = {"minor": 1, "moderate": 3, "serious": 7, "critical": 10}  # as Lighthouse weighs the same rules, 1 to 10

WATCH_SHIFT = """
window.kdShift = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.kdShift += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""
# how long the next question takes, from the key to the frame in which its answer is painted
WATCH_ANSWER = """
() => { window.kdTook = new Promise((resolve) => {
  const before = document.querySelectorAll(".kd-reply .kd-timing").length;
  let started;
  addEventListener("keydown", () => { started = performance.now(); }, { capture: true, once: true });
  const observer = new MutationObserver(() => {
    if (document.querySelectorAll(".kd-reply .kd-timing").length > before) {
      observer.disconnect();
      requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - started)));
    }
  });
  observer.observe(document.querySelector("#kd-chat"), { childList: true, subtree: true });
}); }
"""
# what is marked in the source view: the line numbers in the classes, and the text
MARKED = """
() => [...document.querySelectorAll("#kd-note .kd-raw .kd-marked")].map(line => [
  Number([...line.classList].find(name => /^kd-l\\d+$/.test(name)).slice(4)), line.textContent])
"""
RENDERED = """
() => [...new Set([...document.querySelectorAll("#kd-note .kd-note .kd-marked")].flatMap(piece =>
  [...piece.classList].filter(name => /^kd-l\\d+$/.test(name)).map(name => Number(name.slice(4)))))]
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", type=Path, default=ROOT / "index")
    parser.add_argument("--golden", type=Path, default=ROOT / "benchmarks" / "golden" / "corpus.jsonl")
    parser.add_argument("--questions", type=int, default=50, help="that are timed (default: %(default)s)")
    parser.add_argument("--citations", type=int, default=200, help="that are followed (default: %(default)s)")
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    options = parser.parse_args()
    golden = [question.question for question in read_golden(options.golden) if question.gold]
    random.Random(7).shuffle(golden)
    with served(options.index) as url, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=options.chromium, args=list(FLAGS))
        paint(browser, url)
        answers(browser, url, golden[: options.questions], options.index)
        citations(browser, url, golden[: options.citations])
        accessibility(browser, url)
        browser.close()


def paint(browser: Browser, url: str) -> None:
    ours = statistics.median(first_paint(browser, url) for _ in range(LOADS))
    with baseline() as other:
        theirs = statistics.median(first_paint(browser, other) for _ in range(LOADS))
    print(f"first paint        {ours:.0f} ms median of {LOADS}, {ours / theirs:.1f} × a Gradio page with one text box")


def first_paint(browser: Browser, url: str) -> float:
    """Returns milliseconds, in a browser that has nothing in its cache."""
    context = browser.new_context(locale="zh-CN")
    page = context.new_page()
    page.goto(url)
    page.wait_for_selector("textarea")
    entries = "performance.getEntriesByName('first-contentful-paint').map(entry => entry.startTime)"
    painted: list[float] = page.evaluate(entries)
    context.close()
    return painted[0]


@contextmanager
def baseline() -> Iterator[str]:
    port = 7990
    process = subprocess.Popen([sys.executable, "-c", BASELINE, str(port)], stdout=subprocess.DEVNULL)
    try:
        time.sleep(8)
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.terminate()
        process.wait()


def answers(browser: Browser, url: str, questions: list[str], index: Path) -> None:
    page = opened(browser, url)
    page.evaluate(WATCH_SHIFT)
    ask(page, questions[-1])  # the first one warms both sides
    times, shift = [], 0.0
    for number, question in enumerate(questions):
        if number % PER_CONVERSATION == 0:
            page.click("#kd-tools [name=new]")
            page.wait_for_selector(".kd-welcome")
        times.append(ask(page, question))
        page.wait_for_timeout(100)
    shift = page.evaluate("window.kdShift")
    page.context.close()
    assistant = Assistant.open(index, load_encoder())
    bare = [1000 * seconds(assistant, question) for question in questions]
    ratio = statistics.median(times) / statistics.median(bare)
    late = sorted(times)[int(0.95 * len(times))]
    print(
        f"question → answer  {statistics.median(times):.0f} ms median of {len(times)}, 95 % within {late:.0f} ms, "
        f"{ratio:.1f} × the same without a page"
    )
    print(f"layout shift       {shift:.3f} over {len(times)} questions")


def ask(page: Page, question: str) -> float:
    """Asks by keyboard, and returns after how many milliseconds the answer was on the screen."""
    page.fill(BOX, question)
    page.evaluate(WATCH_ANSWER)
    page.press(BOX, "Enter")
    took: float = page.evaluate("window.kdTook")
    return took


def seconds(assistant: Assistant, question: str) -> float:
    started = time.perf_counter()
    assistant.ask(question)
    return time.perf_counter() - started


def citations(browser: Browser, url: str, questions: list[str]) -> None:
    page = opened(browser, url)
    wrong = [question for question in questions if not is_followed(page, question)]
    page.context.close()
    print(f"citations          {len(questions) - len(wrong)} of {len(questions)} open on the very lines", *wrong)


def is_followed(page: Page, question: str) -> bool:
    """Asks, opens the note of the first card, and says whether what is marked there are the lines of the file."""
    page.evaluate("location.hash = ''")
    if page.locator(".kd-question").count():
        page.click("#kd-tools [name=new]")
        page.wait_for_selector(".kd-welcome")
    ask(page, question)
    place, text = page.eval_on_selector(
        "#kd-1-1", "card => [card.querySelector('.kd-source').value, card.querySelector('.kd-text').textContent]"
    )
    source, first, last = re.fullmatch(r"(.*):(\d+)-(\d+)", place).groups()
    lines = (ROOT / "corpus" / unquote(source)).read_text(encoding="utf-8").split("\n")
    wanted = [(number, lines[number - 1]) for number in range(int(first), int(last) + 1)]
    page.eval_on_selector("#kd-1-1 .kd-source", "button => button.click()")
    page.wait_for_selector("#kd-note [name=note-view]")
    page.click("#kd-note [name=note-view][value=raw]")
    page.wait_for_selector(f"#kd-note .kd-raw .kd-l{first}.kd-marked")
    marked = [(number, line) for number, line in page.evaluate(MARKED)]
    page.click("#kd-note [name=note-view]:not([value=raw])")
    page.wait_for_selector(f"#kd-note .kd-note .kd-l{first}.kd-marked")
    rendered = sorted(page.evaluate(RENDERED))
    return (
        marked == wanted
        and "\n".join(line for _, line in wanted).strip() == text.strip()
        and rendered == [number for number, line in wanted if line.strip()]
    )


def accessibility(browser: Browser, url: str) -> None:
    passed = failed = 0
    names = set()
    for scheme in ("light", "dark"):
        for width in (390, 1280):
            page = opened(browser, url, color_scheme=scheme, viewport={"width": width, "height": 860}, bypass_csp=True)
            ask(page, "长城有多长？")
            ask(page, "LoRA 的原理是什么？")
            for tab in ("ask", "notes", "index", "map"):
                page.click(f'#kd-tabs [role="tab"][data-tab-id="{tab}"]')
                page.wait_for_timeout(800)
                found = Axe().run(page).response
                passed += sum(WEIGHTS[rule["impact"] or "minor"] for rule in found["passes"])
                failed += sum(WEIGHTS[rule["impact"] or "minor"] for rule in found["violations"])
                names |= {rule["id"] for rule in found["violations"]}
            page.context.close()
    print(f"accessibility      {100 * passed / (passed + failed):.0f} of 100 by axe-core", *sorted(names))


def opened(browser: Browser, url: str, **options: Any) -> Page:
    page = browser.new_context(locale="zh-CN", **options).new_page()
    page.goto(url)
    page.wait_for_selector("#kd-tools")
    page.wait_for_selector(BOX)
    return page


if __name__ == "__main__":
    main()
