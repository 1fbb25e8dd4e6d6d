"""The Gradio components that more than one part of the page is made of."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeAlias

import gradio as gr

from rag.ui.markup import LATEX

# What an event makes of the page: component → value. A component that is not named stays as it is.
Update: TypeAlias = dict[Any, Any]

# An event that answers at once: a plain POST, with neither a place in the queue nor a veil over what it changes.
QUIET: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}


def unchanged() -> Update:
    """Returns that nothing of the page changes; an empty dict would be a value to Gradio."""
    nothing: Update = gr.skip()
    return nothing


def html(value: str, elem_id: str, *, formulas: bool = False) -> gr.Markdown:
    """Returns a component for HTML of ours: gr.HTML evaluates templates as script, which we forbid."""
    return gr.Markdown(value, elem_id=elem_id, latex_delimiters=LATEX if formulas else [], container=False)


def command(elem_id: str) -> gr.Textbox:
    """Returns a box that no one sees, into which `send` of assets/bridge.js writes: listen to its `change`."""
    return gr.Textbox(elem_id=elem_id, elem_classes="kd-command", show_label=False, container=False)


def listen(elem_id: str, call: Callable[..., Any], inputs: list[Any], outputs: list[Any]) -> None:
    """Makes a command that hands what was sent, and `inputs`, to `call`."""
    box = command(elem_id)
    box.change(call, [box, *inputs], outputs, **QUIET)


def received(text: str) -> dict[str, Any]:
    """Returns what `send` wrote into a command; {} for anything else, since any page of this machine may call."""
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
