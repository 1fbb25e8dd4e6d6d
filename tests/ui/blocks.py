"""The components of a tab without a server, so that its events can be called and what they change be looked up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import gradio as gr

Parts = TypeVar("Parts")


def on_a_page(lay_out: Callable[[], Parts]) -> Parts:
    """Returns the components that `lay_out` makes, on a page of their own."""

    async def page() -> Parts:  # in a loop, else Gradio opens some and closes none
        with gr.Blocks():
            return lay_out()

    with ThreadPoolExecutor(1) as thread:  # in a thread, for a browser has a loop running in this one
        return thread.submit(asyncio.run, page()).result()
