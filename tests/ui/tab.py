"""A page in the browser for tests: what a person does there, and what the page tried to do."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

WAIT = 120_000  # milliseconds; a machine that is busy with other things may stand still for a minute
BOX = "#kd-question textarea"
FOCUSED = """() => { const at = document.activeElement;
    return at.id || at.name || at.getAttribute('role') || at.className; }"""
THERE = """() => { const texts = selector =>
        [...document.querySelectorAll(selector)].map(element => element.textContent.slice(0, 200));
    return JSON.stringify({ address: location.href, questions: texts('.kd-question'), cards: texts('.kd-source'),
        box: document.querySelector('#kd-question textarea')?.value,
        said: texts('.kd-notice, #kd-away, .kd-toast, #kd-editing'),
        kept: Object.keys(localStorage).filter(key => key.startsWith('kd-conversation-')) }); }"""
KEPT = """() => Object.keys(localStorage).filter(key => key.startsWith('kd-conversation-'))
    .map(key => JSON.parse(JSON.parse(localStorage[key]).turns).map(turn => turn.answer.question))"""


class Tab:
    """An open page; `problems` are errors and dialogs, `hosts` whom it spoke to."""

    def __init__(self, page: Any, url: str) -> None:
        self.page, self.url = page, url
        self.hosts: set[str] = set()
        self.problems: list[str] = []
        page.set_default_timeout(WAIT)
        page.on("request", lambda request: self.hosts.add(urlsplit(request.url).netloc))
        page.on("dialog", lambda dialog: self.problems.append(dialog.message))
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("console", lambda message: self.problems.append(message.text) if message.type == "error" else None)
        page.goto(url)
        self.ready()

    def ready(self) -> None:
        """Waits until the page can be used."""
        self.page.wait_for_selector("#kd-tools")
        self.page.wait_for_selector(BOX)

    def type(self, question: str) -> None:
        self.page.fill(BOX, question)

    def send(self) -> None:
        self.page.press(BOX, "Enter")

    def begin(self) -> None:
        """Begins a new conversation."""
        self.page.click("#kd-tools [name=new]")
        self.page.wait_for_selector(".kd-welcome")

    def ask(self, question: str) -> None:
        """Asks, and waits until the answer is there."""
        self.type(question)
        self.send()
        self.answered(question)

    def answered(self, question: str) -> None:
        """Waits for the answer to `question`, which is the last one, its cards, and until the browser has kept it."""
        self.wait_for(
            """([question, box]) => [...document.querySelectorAll('.kd-question')].at(-1)?.textContent === question
                && document.querySelectorAll('.kd-question').length ===
                    document.querySelectorAll('.kd-timing').length
                && document.querySelector(box).value !== question""",
            [question, BOX],
        )
        self.wait_for(
            """() => { const asked = [...document.querySelectorAll('.kd-question')].map(one => one.textContent);
                const own = localStorage['kd-conversation-' + sessionStorage['kd-conversation']];
                const turns = own ? JSON.parse(JSON.parse(own).turns) : [];
                const last = turns.at(-1);
                return last && JSON.stringify(turns.map(turn => turn.answer.question)) === JSON.stringify(asked)
                    && (last.answer.hits.length === 0 || document.getElementById(`kd-${last.number}-1`) !== null); }"""
        )

    def open(self, tab: str) -> None:
        """Opens a tab of the page by a click."""
        self.page.click(f'#kd-tabs [role="tab"][data-tab-id="{tab}"]')

    def wait_for(self, condition: str, argument: object = None) -> None:
        """Waits until a function of the browser holds; what is there instead is said when it never does."""
        try:
            self.page.wait_for_function(condition, arg=argument)
        except Exception as error:
            raise AssertionError(f"not {argument!r}: there is {self.page.evaluate(THERE)}") from error

    def text(self, selector: str) -> str:
        return str(self.page.locator(selector).first.evaluate("element => element.textContent"))

    def texts(self, selector: str) -> list[str]:
        found = self.page.locator(selector).evaluate_all("elements => elements.map(element => element.textContent)")
        return [str(text) for text in found]

    def wait_for_text(self, selector: str, text: str) -> None:
        """Waits until what first matches `selector` holds `text`."""
        self.wait_for(
            "([selector, text]) => document.querySelector(selector)?.textContent.includes(text)", [selector, text]
        )

    def wait_for_count(self, selector: str, count: int) -> None:
        """Waits until so many elements match `selector`."""
        self.wait_for("([selector, count]) => document.querySelectorAll(selector).length === count", [selector, count])

    def wait_for_texts(self, selector: str, texts: list[str]) -> None:
        """Waits until the elements that match `selector` hold just these texts."""
        self.wait_for(
            """([selector, texts]) => JSON.stringify(texts) ===
                JSON.stringify([...document.querySelectorAll(selector)].map(element => element.textContent))""",
            [selector, texts],
        )

    def wait_for_width(self, width: int) -> None:
        """Waits until the page is drawn `width` pixels wide; one that stays wider fails."""
        self.settle()
        self.wait_for("width => document.documentElement.scrollWidth === width", width)

    def wait_for_focus(self, name: str) -> None:
        """Waits until what has the focus has this id, name, role or class."""
        self.wait_for(f"name => ({FOCUSED})() === name", name)

    def wait_for_kept(self, *conversations: list[str]) -> None:
        """Waits until the browser keeps conversations of just these questions, in whatever order."""
        self.wait_for(
            f"expected => JSON.stringify(({KEPT})().sort()) === JSON.stringify(expected.sort())",
            list(conversations),
        )

    def settle(self) -> None:
        """Waits until the browser has drawn what it knows, and no colour or place is on its way to another."""
        self.page.evaluate("() => new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
        self.wait_for(
            "() => document.getAnimations().every(({ playState, effect }) => playState !== 'running'"
            " || effect.getComputedTiming().iterations === Infinity)"
        )

    def wait_for_box(self, question: str) -> None:
        """Waits until the box for the question holds just `question`."""
        self.wait_for("([box, question]) => document.querySelector(box)?.value === question", [BOX, question])

    def focused(self) -> str:
        """Returns the id, name, role or class of what has the focus."""
        return str(self.page.evaluate(FOCUSED))
