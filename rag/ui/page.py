"""The page: its components, and which event calls what. What they show is made by `render`."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.events import api

from rag.config import MAX_QUESTION_CHARACTERS
from rag.errors import CorpusError, IndexNotWritable, IndexUnusable, KuaidaError, QuestionRejected
from rag.text import clean
from rag.ui import render
from rag.ui.markup import LATEX
from rag.ui.render import Turn
from rag.ui.service import PAGE_LIMIT, RebuildRunning, Service
from rag.ui.words import CHINESE, Words

STYLE = Path(__file__).with_name("style.css")
ICON = Path(__file__).with_name("icon.png")

MAX_TURNS = 30  # the whole conversation travels with every answer
PASTED_CHARACTERS = 100_000  # more would be refused for its size, without a sentence that says so
EXAMPLES = 6
QUEUE_SIZE = 64  # waiting questions; beyond it people are told that the page is busy
AT_ONCE = 4  # an answer takes milliseconds; more threads than cores only make each of them slower

HAN_FONTS = ("PingFang SC", "Hiragino Sans GB", "Microsoft YaHei UI", "Noto Sans CJK SC", "Source Han Sans SC")
LATIN_FONTS = ("-apple-system", "BlinkMacSystemFont", "Segoe UI", "Roboto")
MONO_FONTS = ("ui-monospace", "SF Mono", "Cascadia Mono", "Consolas", "DejaVu Sans Mono", "Noto Sans Mono CJK SC")

log = logging.getLogger(__name__)


def theme() -> gr.themes.Base:
    """Returns a quiet theme of fonts that the system has; the colours are in style.css."""
    return gr.themes.Base(
        font=[*LATIN_FONTS, *HAN_FONTS, "sans-serif"],
        font_mono=[*MONO_FONTS, "monospace"],
        radius_size=gr.themes.sizes.radius_md,
    )


def head(words: Words) -> str:
    """Returns what goes into <head>: our style, and the language, by which Han characters take their shapes."""
    style = STYLE.read_text(encoding="utf-8")
    return f"<style>{style}</style><script>document.documentElement.lang = '{words.language}'</script>"


def build(service: Service, words: Words = CHINESE) -> gr.Blocks:
    """Returns the page over `service`, with the endpoint `/ask`."""
    page = gr.Blocks(title=words.name, fill_width=True, analytics_enabled=False)
    with page:
        with gr.Row(elem_id="kd-top"):
            header = _html(render.header(service.state, words), "kd-head")
            rebuild = gr.Button(words.rebuild, elem_id="kd-rebuild", size="sm", scale=0, min_width=96)
        report = _html("", "kd-report")
        with gr.Row(elem_id="kd-main"):
            with gr.Column(scale=7, min_width=0, elem_id="kd-left"):
                chat = _chat(service, words)
                with gr.Row(elem_id="kd-ask"):
                    question = gr.Textbox(
                        label=words.question,
                        show_label=False,
                        placeholder=words.placeholder,
                        max_length=PASTED_CHARACTERS,
                        max_lines=6,
                        autofocus=True,
                        container=False,
                        scale=1,
                        elem_id="kd-question",
                    )
                    send = gr.Button(words.send, variant="primary", scale=0, min_width=88, elem_id="kd-send")
                notice = _html("", "kd-notice")
                clear = gr.Button(words.clear, elem_id="kd-clear", size="sm", variant="secondary")
            with gr.Column(scale=5, min_width=0, elem_id="kd-right"):
                evidence = _html(render.evidence((), words), "kd-evidence")
        turns = gr.State(())

        view = _View(service, words)
        shown = [turns, chat, evidence, question, notice]
        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        gr.on([question.submit, send.click], view.submit, [question, turns], shown, **quiet)
        chat.example_select(view.submit_example, [turns], shown, **quiet)
        clear.click(view.clear, None, shown, **quiet)
        page.load(view.load, None, [header, chat], **quiet)
        rebuild.click(
            view.rebuild,
            None,
            [report, header],
            show_progress="full",
            show_progress_on=report,
            concurrency_limit=AT_ONCE,  # so that a second rebuild is refused at once and does not wait
            api_visibility="private",
        )
        api(view.answer, api_name="ask", api_description="Ask the notes; `k` passages are returned, best first.")
    page.queue(max_size=QUEUE_SIZE, default_concurrency_limit=AT_ONCE, api_open=False)
    return page


def _html(value: str, elem_id: str) -> gr.Markdown:
    """Returns a component for HTML of `render`: gr.HTML evaluates templates as script, which our headers forbid."""
    return gr.Markdown(value, elem_id=elem_id, latex_delimiters=[], container=False)


def _chat(service: Service, words: Words) -> gr.Chatbot:
    return gr.Chatbot(
        label=words.conversation,
        show_label=False,
        container=False,
        elem_id="kd-chat",
        height="100%",
        layout="bubble",
        placeholder=render.welcome(words),
        examples=_examples(service),
        latex_delimiters=LATEX,
        allow_tags=False,
        buttons=[],
    )


def _examples(service: Service) -> list[Any]:
    return [{"text": question} for question in service.examples(EXAMPLES)]


class _View:
    """What each event does; every problem becomes one sentence, and the chat goes on."""

    def __init__(self, service: Service, words: Words) -> None:
        self._service = service
        self._words = words

    def load(self) -> tuple[str, Any]:
        return render.header(self._service.state, self._words), gr.Chatbot(examples=_examples(self._service))

    def submit(self, question: str, turns: tuple[Turn, ...]) -> tuple[Any, ...]:
        question = clean(question).strip()
        try:
            answer, elapsed_ms = self._service.ask(question)
        except Exception as error:  # whatever it is, the person gets a sentence and keeps the question
            return turns, gr.skip(), gr.skip(), gr.skip(), render.notice(self._sentence(error, question))
        number = turns[-1].number + 1 if turns else 1
        turns = (*turns, Turn(number, answer, elapsed_ms))[-MAX_TURNS:]
        return self._show(turns)

    def submit_example(self, turns: tuple[Turn, ...], event: gr.SelectData) -> tuple[Any, ...]:
        return self.submit(str(event.value["text"]), turns)

    def clear(self) -> tuple[Any, ...]:
        return self._show(())

    def rebuild(self, progress: gr.Progress = gr.Progress()) -> tuple[str, Any]:  # noqa: B008
        progress(0, desc=self._words.reading)
        try:
            built = self._service.rebuild(lambda done, total: progress((done, total), desc=self._words.encoding))
        except Exception as error:  # as above
            return render.notice(self._sentence(error)), gr.skip()
        return render.report(built, self._words), render.header(self._service.state, self._words)

    def answer(self, question: str, k: int = PAGE_LIMIT) -> dict[str, object]:
        try:
            return self._service.record(clean(question), k)
        except KuaidaError as error:
            raise gr.Error(str(error), print_exception=False) from error

    def _show(self, turns: tuple[Turn, ...]) -> tuple[Any, ...]:
        return turns, render.messages(turns, self._words), render.evidence(turns, self._words), "", ""

    def _sentence(self, error: Exception, question: str = "") -> str:
        words = self._words
        match error:
            case QuestionRejected() if len(question) > MAX_QUESTION_CHARACTERS:
                return words.question_long.format(limit=MAX_QUESTION_CHARACTERS)
            case QuestionRejected():
                return words.question_empty
            case RebuildRunning():
                return words.rebuild_running
            case CorpusError():
                return words.rebuild_failed + words.corpus_unusable
            case IndexNotWritable():
                return words.rebuild_failed + words.index_not_writable
            case IndexUnusable():
                return words.index_unusable
        log.error("the page met an error it does not know", exc_info=error)
        return words.unexpected
