"""The page as a whole: its head, its tabs, and the endpoint `/ask`."""

from __future__ import annotations

from pathlib import Path

import gradio as gr
from gradio.events import api

from rag.errors import KuaidaError
from rag.serving.service import PAGE_LIMIT, Service
from rag.text.normal import clean
from rag.ui.ask import tab as ask
from rag.ui.components import QUIET, html
from rag.ui.header import header
from rag.ui.index import tab as index
from rag.ui.map import tab as map
from rag.ui.notes import tab as notes
from rag.ui.words.base import Words, as_json
from rag.ui.words.chinese import CHINESE

ASSETS = Path(__file__).with_name("assets")
ICON = Path(__file__).with_name("icon.png")
STYLES = ("base", "icons", "markdown", "ask/ask", "notes/notes", "index/index", "map/map")

QUEUE_SIZE = 64  # waiting calls of /ask; beyond it programs are told that the page is busy

HAN_FONTS = ("PingFang SC", "Hiragino Sans GB", "Microsoft YaHei UI", "Noto Sans CJK SC", "Source Han Sans SC")
LATIN_FONTS = ("-apple-system", "BlinkMacSystemFont", "Segoe UI", "Roboto")
MONO_FONTS = ("ui-monospace", "SF Mono", "Cascadia Mono", "Consolas", "DejaVu Sans Mono", "Noto Sans Mono CJK SC")


def theme() -> gr.themes.Base:
    """Returns a quiet theme of fonts that the system has; the colours are in assets/base.css."""
    return gr.themes.Base(
        font=[*LATIN_FONTS, *HAN_FONTS, "sans-serif"],
        font_mono=[*MONO_FONTS, "monospace"],
        radius_size=gr.themes.sizes.radius_md,
    )


def head(words: Words, base: str = "") -> str:
    """Returns what goes into <head>: our style, our texts, our scripts; `base` is the path that the page is under."""
    style = "\n".join((ASSETS / f"{name}.css").read_text(encoding="utf-8") for name in STYLES)
    early = (ASSETS / "early.js").read_text(encoding="utf-8")
    return (
        f'<meta name="kd-base" content="{base}"><style>{style}</style>'
        f'<script id="kd-words" type="application/json">{as_json(words)}</script>'
        f'<script>document.documentElement.lang = "{words.language}";\n{early}</script>'
        f'<script type="module" src="{base}/kuaida/assets/page.js"></script>'
    )


def build(service: Service, words: Words = CHINESE) -> gr.Blocks:
    """Returns the page over `service`, with the endpoint `/ask`."""
    page = gr.Blocks(title=words.name, fill_width=True, analytics_enabled=False)
    with page:
        _answer_api(service)  # first, for the name goes to whoever takes it first
        top = html(header(service.state, words), "kd-top")
        with gr.Tabs(elem_id="kd-tabs"):
            with gr.Tab(words.tab_ask, id="ask", elem_id="kd-tab-ask"):
                chat = ask.build(service, words)
            with gr.Tab(words.tab_notes, id="notes", elem_id="kd-tab-notes", render_children=True):
                notes.build(service, words)
            with gr.Tab(words.tab_index, id="index", elem_id="kd-tab-index", render_children=True):
                index.build(service, words)
            with gr.Tab(words.tab_map, id="map", elem_id="kd-tab-map", render_children=True):
                map.build(service, words)
        page.load(
            lambda: (header(service.state, words), gr.update(placeholder=ask.welcome(service, words))),
            None,
            [top, chat],
            **QUIET,
        )
    page.queue(max_size=QUEUE_SIZE, default_concurrency_limit=ask.AT_ONCE, api_open=False)
    return page


def _answer_api(service: Service) -> None:
    def answer(question: str, k: int = PAGE_LIMIT) -> dict[str, object]:
        try:
            return service.record(clean(question), k)
        except KuaidaError as error:
            raise gr.Error(str(error), print_exception=False) from error

    api(answer, api_name="ask", api_description="Ask the notes; `k` passages are returned, best first.")
