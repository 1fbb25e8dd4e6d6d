"""The tab of the index: its state, rebuilding, what the notes lack, and pinned questions.

What it shows is the same for all open pages, so nothing of it is kept in one: `assets/index/index.js` asks for it again
when the state of the server says that something changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import gradio as gr

from rag.feedback.append import append_question, preview
from rag.serving.service import Service
from rag.ui.components import QUIET, Update, command, html, listen, received
from rag.ui.elements import notice
from rag.ui.index import view as render
from rag.ui.index.view import Glance
from rag.ui.problems import sentence, told
from rag.ui.words.base import Words

AT_ONCE = 4  # so that a second rebuild is refused at once and does not wait


@dataclass(frozen=True, slots=True)
class Form:
    """The form that adds a question to a note, which is there once it is asked for; `said` stays below it."""

    form: gr.Column
    title: gr.Markdown
    note: gr.Dropdown
    preview: gr.Markdown
    confirm: gr.Button
    cancel: gr.Button
    said: gr.Markdown
    question: gr.Textbox


@dataclass(frozen=True, slots=True)
class Parts:
    """The components that events change, and the button that rebuilds."""

    glance: gr.Markdown
    rebuild: gr.Button
    watch: gr.Checkbox
    report: gr.Markdown
    fill: Form
    gaps: gr.Markdown
    pins: gr.Markdown

    @property
    def shown(self) -> list[Any]:
        """What is the same for all open pages."""
        return [self.glance, self.watch, self.report, self.gaps, self.pins]


def build(service: Service, words: Words) -> None:
    """Adds the components of the tab, and what they do."""
    parts = laid_out(service, words)
    view = View(service, words, parts)
    _wire_index(view, parts)
    _wire_form(view, parts, parts.fill)


def laid_out(service: Service, words: Words) -> Parts:
    """Returns the components, at their places in the page."""
    content = Content(service, words)
    with gr.Column(elem_id="kd-index"):
        with gr.Row(elem_id="kd-index-top"):
            glance = html(content.glance(), "kd-index-state")
            with gr.Column(scale=0, min_width=200, elem_id="kd-index-do"):
                rebuild = gr.Button(words.rebuild, variant="primary", elem_id="kd-rebuild")
                watch = gr.Checkbox(
                    service.rebuilds.is_watching,
                    label=words.watch,
                    info=words.watch_hint,
                    container=False,
                    elem_id="kd-watch",
                )
        report = html(content.report(), "kd-report")
        form = _form(words)
        with gr.Row(elem_id="kd-index-lists"):
            gaps = html(content.gaps(), "kd-gaps")
            pins = html(content.pins(), "kd-pins")
    return Parts(glance, rebuild, watch, report, form, gaps, pins)


def _form(words: Words) -> Form:
    with gr.Column(visible=False, elem_id="kd-fill") as form:
        title = html("", "kd-fill-title")
        note = gr.Dropdown(label=words.fill_note, choices=[], elem_id="kd-fill-note")
        shown = html("", "kd-fill-preview")
        with gr.Row(elem_id="kd-fill-do"):
            confirm = gr.Button(
                words.fill_confirm, variant="primary", scale=0, min_width=120, elem_id="kd-fill-confirm"
            )
            cancel = gr.Button(words.fill_cancel, scale=0, min_width=88, elem_id="kd-fill-cancel")
    return Form(form, title, note, shown, confirm, cancel, html("", "kd-fill-said"), command("kd-fill-question"))


def _wire_index(view: View, parts: Parts) -> None:
    parts.rebuild.click(
        view.rebuild,
        None,
        [parts.glance, parts.report, parts.pins],
        show_progress="full",
        show_progress_on=parts.report,
        concurrency_limit=AT_ONCE,
        api_visibility="private",
    )
    # "once" would drop a second click that comes before the answer to the first
    parts.watch.input(view.watch, parts.watch, parts.shown, trigger_mode="always_last", **QUIET)
    listen("kd-command-index", view.refresh, [], parts.shown)
    listen("kd-command-gap-settle", view.settle, [], [parts.gaps, parts.fill.said])
    listen("kd-command-unpin", view.unpin, [], [parts.pins, parts.fill.said])


def _wire_form(view: View, parts: Parts, fill: Form) -> None:
    changed = (fill.form, fill.title, fill.note, fill.preview, fill.confirm, fill.said, fill.question)
    listen("kd-command-gap-fill", view.fill, [], list(changed))
    fill.note.change(view.preview, [fill.note, fill.question], [fill.preview, fill.confirm], **QUIET)
    written = [fill.form, fill.preview, parts.gaps, fill.said]
    fill.confirm.click(view.write, [fill.note, fill.question], written, **QUIET)
    fill.cancel.click(view.cancel, None, [fill.form, fill.said], **QUIET)


class Content:
    """What the tab shows, as HTML."""

    def __init__(self, service: Service, words: Words) -> None:
        self._service = service
        self._words = words

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


def _saying(view: View, said: str) -> Update:
    return {view.parts.fill.said: said}


def _reporting(view: View, said: str) -> Update:
    return {view.parts.glance: view.content.glance(), view.parts.report: said}


def _writing(view: View, said: str) -> Update:
    return {view.parts.fill.preview: said}


def _refusing(view: View, said: str) -> Update:
    return {view.parts.fill.preview: said, view.parts.fill.confirm: gr.update(interactive=False)}


class View:
    """What each event does; every problem becomes one sentence, and the index goes on as it was."""

    def __init__(self, service: Service, words: Words, parts: Parts) -> None:
        self._service = service
        self.words = words
        self.parts = parts
        self.content = Content(service, words)

    def refresh(self, _: str = "") -> Update:
        """Returns everything as it is now; a report that a progress bar stands on is left alone."""
        self._service.refresh()
        content, rebuilds = self.content, self._service.rebuilds
        report = {} if rebuilds.is_running else {self.parts.report: content.report()}
        return report | {
            self.parts.glance: content.glance(),
            self.parts.watch: gr.update(value=rebuilds.is_watching),
            self.parts.gaps: content.gaps(),
            self.parts.pins: content.pins(),
        }

    # ------------------------------------------------------------------------------------------------- rebuilding

    @told(_reporting)
    def rebuild(self, progress: gr.Progress = gr.Progress()) -> Update:  # noqa: B008
        progress(0, desc=self.words.reading)
        self._service.rebuilds.rebuild(
            lambda done, total: progress((done, total), desc=self.words.encoding, unit="")  # "steps" is English
        )
        content = self.content
        return {
            self.parts.glance: content.glance(),
            self.parts.report: content.report(),
            self.parts.pins: content.pins(),
        }

    def watch(self, on: bool) -> Update:
        self._service.rebuilds.watch(bool(on))
        return self.refresh()

    # ---------------------------------------------------------------------------------------------- gaps and pins

    def settle(self, text: str) -> Update:
        """Takes a question off the list until it is asked again."""
        return self._settled(_question(text))

    @told(_saying)
    def unpin(self, text: str) -> Update:
        self._service.feedback.unpin(_question(text))
        return {self.parts.pins: self.content.pins(), self.parts.fill.said: ""}

    @told(_saying)
    def fill(self, text: str) -> Update:
        """Opens the form for a question, with the note that came closest chosen."""
        question, form = _question(text), self.parts.fill
        if not question or not self._service.settings.writable:
            return self._closed(notice(self.words.writing_off)) | {form.question: ""}
        sources = [note.source for note in self._service.index.manifest.notes]
        first = self._service.rebuilds.first(question)
        chosen = first.source if first else None
        return self.preview(chosen, question) | {
            form.form: gr.update(visible=True),
            form.title: render.fill_title(question, self.words),
            form.note: gr.update(choices=sources, value=chosen),
            form.said: "",
            form.question: question,
        }

    @told(_refusing)
    def preview(self, source: str | None, question: str) -> Update:
        """Returns exactly what would be written, or why nothing can be."""
        if not source:
            return _refusing(self, notice(self.words.fill_choose))
        added = render.addition(preview(self._service.settings.corpus, source, question), self.words)
        return {self.parts.fill.preview: added, self.parts.fill.confirm: gr.update(interactive=True)}

    @told(_writing)
    def write(self, source: str | None, question: str) -> Update:
        """Writes the question to the end of the note; refuses unless the page was started to."""
        if not self._service.settings.writable:
            return self._closed(notice(self.words.writing_off))
        line = append_question(self._service.settings.corpus, source or "", question)
        said = render.written(source or "", line, self._service.editor_link(source or "", line), self.words)
        self._service.rebuilds.disk.forget()
        settled = self._settled(question)
        problem = settled[self.parts.fill.said]
        return settled | self._closed(said + problem) | {self.parts.fill.preview: ""}

    def cancel(self) -> Update:
        return self._closed("")

    def _closed(self, said: str) -> Update:
        return {self.parts.fill.form: gr.update(visible=False), self.parts.fill.said: said}

    @told(_saying)
    def _settled(self, question: str) -> Update:
        """Returns the gaps without `question` and nothing to say, or why it is still there."""
        self._service.feedback.settle(question)
        return {self.parts.gaps: self.content.gaps(), self.parts.fill.said: ""}


def _question(text: str) -> str:
    return str(received(text).get("question", ""))


def _now() -> datetime:
    return datetime.now(UTC)
