"""Makes the page: brings the index up to date, and mounts what is served over it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Protocol

import gradio as gr
from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from rag import console
from rag.assistant import Assistant
from rag.build import summary
from rag.encoders.base import Encoder
from rag.encoders.load import load_encoder
from rag.errors import IndexNotWritable, IndexUnusable
from rag.indexing.sync import sync
from rag.progress import progress_bar
from rag.retrieval.reranker import Reranker, load_reranker
from rag.serving.guard import MAX_BODY_BYTES
from rag.serving.service import Service, Settings
from rag.serving.starting import Step
from rag.ui import page, routes
from rag.ui.words.base import Words
from rag.ui.words.languages import LANGUAGES


class Told(Protocol):
    """Whoever is told how far it is."""

    def step(self, step: Step) -> None: ...

    def advance(self, done: int, total: int) -> None: ...


def open_service(settings: Settings, encoder: str | None, reranker: str | None, told: Told, program: str) -> Service:
    """Returns the service over the notes as they are now; raises KuaidaError."""
    loaded, ranking = load_encoder(encoder), load_reranker(reranker)
    told.step("reading")
    return Service(settings, loaded, _open(settings, loaded, ranking, told, program))


def _open(settings: Settings, encoder: Encoder, reranker: Reranker | None, told: Told, program: str) -> Assistant:
    """Returns an assistant on the notes as they are now; an index that cannot be written still serves as it is."""
    try:
        with progress_bar("encoding") as bar:
            advance = _both(told.advance, bar)
            built = sync(settings.corpus, settings.index, encoder, progress=advance)
    except IndexNotWritable as error:
        try:
            assistant = Assistant.open(settings.index, encoder, reranker)
        except IndexUnusable:
            raise error from None
        console.say(program, f"{error}; serving the index as it is")
        return assistant
    sys.stdout.write(summary(built) + "\n")
    sys.stdout.flush()
    return Assistant.open(settings.index, encoder, reranker)


def _both(first: Callable[[int, int], None], second: Callable[[int, int], None] | None) -> Callable[[int, int], None]:
    def advance(done: int, total: int) -> None:
        first(done, total)
        if second:
            second(done, total)

    return advance


def application(service: Service) -> FastAPI:
    """Returns the page in each of its languages as one ASGI application; no file of notes or the index is served."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    for base, words in LANGUAGES.items():
        app.include_router(routes.router(service, words), prefix=base)
        app.mount(f"{base}/kuaida/assets", StaticFiles(directory=page.ASSETS))
    for base, words in LANGUAGES.items():
        _mount(app, base, words, service)
    return app


def _mount(app: FastAPI, base: str, words: Words, service: Service) -> None:
    """Adds the page in one language; every setting is passed, for Gradio reads the environment for the others."""
    built = page.build(service, words)
    gr.mount_gradio_app(
        app,
        built,
        path=base or "/",
        server_name="127.0.0.1",
        root_path="",
        footer_links=[],
        run_history=False,
        allowed_paths=[],
        blocked_paths=[str(path.resolve()) for path in (service.settings.corpus, service.settings.index)],
        favicon_path=None if base else str(page.ICON),  # one for all
        show_error=False,
        max_file_size=MAX_BODY_BYTES,
        ssr_mode=False,
        enable_monitoring=False,
        pwa=False,
        mcp_server=False,
        theme=page.theme(),
        head=page.head(words, base),
    )
    built.has_launched = True  # as `launch()` sets it: before, Gradio takes every file for one that the program names
