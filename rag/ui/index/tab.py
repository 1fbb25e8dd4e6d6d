"""The tab of the index: its state, rebuilding, what the notes lack, and pinned questions.

What it shows is the same for all open pages, so nothing of it is kept in one: `assets/index.js` asks for it again when
the state of the server says that something changed.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import gradio as gr

from rag.errors import NoteNotWritable
from rag.feedback.append import append_question, preview
from rag.serving.service import Service
from rag.ui.components import QUIET, command, html, listen, received
from rag.ui.elements import notice
from rag.ui.index import view as render
from rag.ui.index.view import Glance
from rag.ui.problems import sentence
from rag.ui.words.base import Words

AT_ONCE = 4  # so that a second rebuild is refused at once and does not wait

Update = tuple[Any, ...]


def build(service: Service, words: Words) -> None:
    view = View(service, words)
    with gr.Column(elem_id="kd-index"):
        with gr.Row(elem_id="kd-index-top"):
            glance = html(view.glance(), "kd-index-state")
            with gr.Column(scale=0, min_width=200, elem_id="kd-index-do"):
                rebuild = gr.Button(words.rebuild, variant="primary", elem_id="kd-rebuild")
                watch = gr.Checkbox(
                    service.rebuilds.is_watching,
                    label=words.watch,
                    info=words.watch_hint,
                    container=False,
                    elem_id="kd-watch",
                )
        report = html(view.report(), "kd-report")
        form = _form(words)
        with gr.Row(elem_id="kd-index-lists"):
            gaps = html(view.gaps(), "kd-gaps")
            pins = html(view.pins(), "kd-pins")
    _wire(view, words, (glance, watch, report, gaps, pins), rebuild, form)


def _form(words: Words) -> tuple[Any, ...]:
    """Returns the parts of the form that adds a question to a note, which is there once it is asked for."""
    with gr.Column(visible=False, elem_id="kd-fill") as form:
        heading = html("", "kd-fill-title")
        note = gr.Dropdown(label=words.fill_note, choices=[], elem_id="kd-fill-note")
        shown = html("", "kd-fill-preview")
        with gr.Row(elem_id="kd-fill-do"):
            confirm = gr.Button(
                words.fill_confirm, variant="primary", scale=0, min_width=120, elem_id="kd-fill-confirm"
            )
            cancel = gr.Button(words.fill_cancel, scale=0, min_width=88, elem_id="kd-fill-cancel")
    return form, heading, note, shown, confirm, cancel, html("", "kd-fill-said"), command("kd-fill-question")


def _wire(view: View, words: Words, shown: tuple[Any, ...], rebuild: gr.Button, parts: tuple[Any, ...]) -> None:
    form, heading, note, preview_, confirm, cancel, said, question = parts
    _, watch, report, gaps, pins = shown
    rebuild.click(
        view.rebuild,
        None,
        [shown[0], report, pins],
        show_progress="full",
        show_progress_on=report,
        concurrency_limit=AT_ONCE,
        api_visibility="private",
    )
    # "once" would drop a second click that comes before the answer to the first
    watch.input(view.watch, watch, list(shown), trigger_mode="always_last", **QUIET)
    listen("kd-command-index", view.refresh, [], list(shown))
    listen("kd-command-gap-settle", view.settle, [], [gaps, said])
    listen("kd-command-unpin", view.unpin, [], [pins, said])
    listen("kd-command-gap-fill", view.fill, [], [form, heading, note, preview_, confirm, said, question])
    note.change(view.preview, [note, question], [preview_, confirm], **QUIET)
    confirm.click(view.write, [note, question], [form, preview_, gaps, said], **QUIET)
    cancel.click(lambda: (gr.update(visible=False), ""), None, [form, said], **QUIET)


class View:
    """What each event does; every problem becomes one sentence, and the index goes on as it was."""

    def __init__(self, service: Service, words: Words) -> None:
        self._service = service
        self._words = words

    # ----------------------------------------------------------------------------------------------- what is shown

    def glance(self) -> str:
        service = self._service
        problem = service.rebuilds.problem
        said = sentence(problem, self._words).removeprefix(self._words.rebuild_failed) if problem else ""
        seen = Glance(service.state, service.index.manifest.created, service.rebuilds.moved, said)
        return render.glance(seen, self._words, _now())

    def report(self) -> str:
        failure = self._service.rebuilds.failure
        if failure:
            return notice(sentence(failure, self._words))
        return render.report(self._service.rebuilds.last, self._words, _now())

    def gaps(self) -> str:
        writable = self._service.settings.writable
        return render.gaps(self._service.feedback.gaps(), writable, self._words, _now())

    def pins(self) -> str:
        rebuilds = self._service.rebuilds
        return render.pins([(pin, rebuilds.first(pin.question)) for pin in self._service.feedback.pins()], self._words)

    def refresh(self, _: str = "") -> Update:
        """Returns everything as it is now; a report that a progress bar stands on is left alone."""
        self._service.refresh()
        report = gr.skip() if self._service.rebuilds.is_running else self.report()
        return self.glance(), gr.update(value=self._service.rebuilds.is_watching), report, self.gaps(), self.pins()

    # ------------------------------------------------------------------------------------------------- rebuilding

    def rebuild(self, progress: gr.Progress = gr.Progress()) -> Update:  # noqa: B008
        progress(0, desc=self._words.reading)
        try:
            self._service.rebuilds.rebuild(
                lambda done, total: progress((done, total), desc=self._words.encoding, unit="")  # "steps" is English
            )
        except Exception as error:  # whatever it is, the person gets a sentence
            return self.glance(), notice(sentence(error, self._words)), gr.skip()
        return self.glance(), self.report(), self.pins()

    def watch(self, on: bool) -> Update:
        self._service.rebuilds.watch(bool(on))
        return self.refresh()

    # ---------------------------------------------------------------------------------------------- gaps and pins

    def settle(self, text: str) -> Update:
        """Takes a question off the list until it is asked again."""
        return self._settled(_question(text))

    def unpin(self, text: str) -> Update:
        try:
            self._service.feedback.unpin(_question(text))
        except Exception as error:  # as above
            return gr.skip(), notice(sentence(error, self._words))
        return self.pins(), ""

    def fill(self, text: str) -> Update:
        """Opens the form for a question, with the note that came closest chosen."""
        question = _question(text)
        if not question or not self._service.settings.writable:
            return gr.update(visible=False), *[gr.skip()] * 4, notice(self._words.writing_off), ""
        sources = [note.source for note in self._service.index.manifest.notes]
        first = self._service.rebuilds.first(question)
        chosen = first.source if first else None
        shown, confirm = self.preview(chosen, question)
        heading = render.fill_title(question, self._words)
        return gr.update(visible=True), heading, gr.update(choices=sources, value=chosen), shown, confirm, "", question

    def preview(self, source: str | None, question: str) -> Update:
        """Returns exactly what would be written, or why nothing can be."""
        if not source:
            return notice(self._words.fill_choose), gr.update(interactive=False)
        try:
            added = preview(self._service.settings.corpus, source, question)
        except Exception as error:  # as above
            return notice(sentence(error, self._words)), gr.update(interactive=False)
        return render.addition(added, self._words), gr.update(interactive=True)

    def write(self, source: str | None, question: str) -> Update:
        """Writes the question to the end of the note; refuses unless the page was started to."""
        try:
            if not self._service.settings.writable:
                return gr.update(visible=False), gr.skip(), gr.skip(), notice(self._words.writing_off)
            line = append_question(self._service.settings.corpus, source or "", question)
        except NoteNotWritable as error:
            return gr.skip(), notice(sentence(error, self._words)), gr.skip(), gr.skip()
        said = render.written(source or "", line, self._service.editor_link(source or "", line), self._words)
        self._service.rebuilds.disk.forget()
        gaps, problem = self._settled(question)
        return gr.update(visible=False), "", gaps, said + problem

    def _settled(self, question: str) -> Update:
        """Returns the gaps without `question` and nothing to say, or why it is still there."""
        try:
            self._service.feedback.settle(question)
        except Exception as error:  # as above
            return gr.skip(), notice(sentence(error, self._words))
        return self.gaps(), ""


def _question(text: str) -> str:
    return str(received(text).get("question", ""))


def _now() -> datetime:
    return datetime.now(UTC)
