"""The tab that people come for: the chat, and beside it where the answers stand.

The conversation lives in the browser: it travels with every question, so that a server that was restarted goes on
where the last one stopped. `assets/ask/conversation.js` keeps it.

A question is a plain POST, and the page comes back for an answer that takes longer. Gradio's queue is not used: it
answers through a stream that it closes when nothing is left to say, and what is asked in that moment is never heard of.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr
from pydantic import TypeAdapter, ValidationError

from rag.feedback.log import Complaint
from rag.question.check import check_question
from rag.serving.service import Service
from rag.serving.turns import MAX_TURNS, Turn, TurnsDamaged, from_json, to_json
from rag.text.normal import clean
from rag.ui.ask import cards as evidence
from rag.ui.ask import messages
from rag.ui.components import QUIET, Update, command, html, listen, received, unchanged
from rag.ui.elements import notice, thanks
from rag.ui.markup import LATEX
from rag.ui.problems import sentence, told
from rag.ui.words.base import Words

PASTED_CHARACTERS = 100_000  # more would be refused for its size, without a sentence that says so
EXAMPLES = 6
SOON = 0.15  # seconds; to show that a question is being answered takes the browser as long as to show the answer
LATER = 1.0  # seconds that the page waits for a longer answer before it comes back
AT_ONCE = 4  # answers; they take milliseconds, and more threads than cores only make each of them slower
MOST_WAITING = 64  # answers; the first are of pages that were closed


@dataclass(frozen=True, slots=True)
class Parts:
    """The components that events change.

    `conversation` and `pending` are boxes that no one sees: the turns so far, and the question that is being answered.
    """

    chat: gr.Chatbot
    said: gr.Markdown
    question: gr.Textbox
    send: gr.Button
    stop: gr.Button
    cards: gr.Markdown
    conversation: gr.Textbox
    pending: gr.Textbox

    @property
    def shown(self) -> list[Any]:
        """What an event may change that asks nothing."""
        return [self.conversation, self.chat, self.cards, self.said]

    @property
    def asking(self) -> list[Any]:
        return [*self.shown, self.question, self.pending, self.send, self.stop]


def build(service: Service, words: Words) -> gr.Chatbot:
    """Returns the chat, which `welcome` is for when a page is opened."""
    parts = laid_out(service, words)
    view = View(service, words, parts)
    question, kept, pending = parts.question, parts.conversation, parts.pending
    # "multiple", since "once" swallows what is asked while the page still draws; composer.js asks one at a time
    gr.on(
        [question.submit, parts.send.click], view.ask, [question, kept], parts.asking, trigger_mode="multiple", **QUIET
    )
    pending.change(view.proceed, [pending, kept], parts.asking, **QUIET)
    parts.stop.click(view.stop, [pending, kept], parts.asking, **QUIET)
    listen("kd-command-restore", view.restore, [], parts.shown)
    listen("kd-command-refresh", view.refresh, [kept], [parts.cards, parts.said])
    listen("kd-command-rate", view.rate, [kept], parts.shown)
    listen("kd-command-pin", view.pin, [kept], parts.shown)
    listen("kd-command-alone", view.alone, [kept], parts.shown)
    return parts.chat


def laid_out(service: Service, words: Words) -> Parts:
    """Returns the components, at their places in the page."""
    with gr.Row(elem_id="kd-main"):
        with gr.Column(scale=7, min_width=0, elem_id="kd-left"):
            chat = _chat(service, words)
            said = html("", "kd-notice")
            with gr.Row(elem_id="kd-ask"):
                question = _box(words)
                send = gr.Button(words.send, variant="primary", scale=0, min_width=88, elem_id="kd-send")
                stop = gr.Button(words.stop, scale=0, min_width=88, elem_id="kd-stop", visible="hidden")
        with gr.Column(scale=5, min_width=0, elem_id="kd-right"):
            cards = html(evidence.panel((), (), words), "kd-evidence")
    return Parts(chat, said, question, send, stop, cards, command("kd-conversation"), command("kd-pending"))


def _box(words: Words) -> gr.Textbox:
    return gr.Textbox(
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


def _chat(service: Service, words: Words) -> gr.Chatbot:
    return gr.Chatbot(
        label=words.conversation,
        show_label=False,
        container=False,
        elem_id="kd-chat",
        height="100%",
        layout="bubble",
        placeholder=welcome(service, words),
        latex_delimiters=LATEX,
        allow_tags=False,
        autoscroll=False,  # to the end of a long answer; asking.js scrolls to its beginning
        buttons=[],
    )


def welcome(service: Service, words: Words) -> str:
    """Returns what an empty chat shows, with questions of the notes as they are in the index now."""
    return messages.welcome(service.examples(EXAMPLES), words)


@dataclass(frozen=True, slots=True)
class Pending:
    """A question that is being answered, as the page keeps it: `run` and `ticket` say where its answer will be.

    `waited` counts how often the page came back, `written` how many pieces of the answer it has shown.
    """

    question: str
    run: str
    ticket: str
    waited: int = 0
    written: int = 0


_PENDING = TypeAdapter(Pending)


def _saying(view: View, said: str) -> Update:
    return {view.parts.said: said}


def _ending(view: View, said: str) -> Update:
    return view.idle() | {view.parts.said: said}


def _emptying(view: View, said: str) -> Update:
    return view.show(()) | {view.parts.said: said}


class View:
    """What each event does; every problem becomes one sentence, and the chat goes on."""

    def __init__(self, service: Service, words: Words, parts: Parts) -> None:
        self._service = service
        self.words = words
        self.parts = parts
        self._workers = ThreadPoolExecutor(AT_ONCE)
        self._run = uuid.uuid4().hex  # a later run of the server knows nothing of what this one was asked
        self._waiting: dict[str, Future[Turn]] = {}

    @told(_saying)  # the person keeps the question
    def ask(self, question: str, conversation: str) -> Update:
        """Returns the page with the answer or, when that takes longer, with the question that is being answered."""
        turns = self._turns(conversation)
        question = check_question(clean(question))
        answered = self._workers.submit(self._answered, question, turns)
        emptied = {self.parts.question: ""}
        if wait([answered], SOON).done:
            return emptied | self._whole(answered, question, turns)
        asked = [*self._messages(turns), *messages.waiting(question, self.words)]
        pending = self._pend(question, answered)
        return emptied | {self.parts.chat: asked, self.parts.said: "", self.parts.pending: pending} | self._busy()

    @told(_ending)
    def proceed(self, waiting: str, conversation: str) -> Update:
        """Returns what has become of a question that is being answered: more of its answer, or the whole."""
        pending = _from_json(waiting)
        if pending is None:
            return unchanged()
        if pending.run != self._run:  # the server was restarted
            return self.ask(pending.question, conversation)
        answered = self._waiting.get(pending.ticket)
        if answered is None:  # it was stopped
            return unchanged()
        is_done = wait([answered], LATER).done
        if pending.ticket not in self._waiting:  # it was stopped meanwhile
            return unchanged()
        if not is_done:
            return {self.parts.pending: _to_json(replace(pending, waited=pending.waited + 1))}
        turns = self._turns(conversation)
        stages = [] if answered.exception() else list(messages.stages(answered.result(), self.words))
        if pending.written < len(stages):
            written = [*self._messages(turns), *stages[pending.written]]
            later = _to_json(replace(pending, written=pending.written + 1))
            return {self.parts.chat: written, self.parts.pending: later}
        if self._waiting.pop(pending.ticket, None) is None:  # it was stopped in this moment
            return unchanged()
        return self._whole(answered, pending.question, turns)  # not the box, where one may be typing the next question

    def _pend(self, question: str, answered: Future[Turn]) -> str:
        """Returns how the page asks for an answer that is on its way."""
        pending = Pending(question, self._run, uuid.uuid4().hex)
        self._waiting[pending.ticket] = answered
        for old in list(self._waiting)[:-MOST_WAITING]:
            self._waiting.pop(old, None)
        return _to_json(pending)

    def _whole(self, answered: Future[Turn], question: str, turns: tuple[Turn, ...]) -> Update:
        """Returns the page with the answer, or as it was with the question back in its box and why."""
        if error := answered.exception():
            return self._back(question, turns, notice(sentence(error, self.words)))
        return self.show((*turns, answered.result())[-MAX_TURNS:]) | self.idle()

    def _back(self, question: str, turns: tuple[Turn, ...], said: str) -> Update:
        parts = self.parts
        return {parts.chat: self._messages(turns), parts.said: said, parts.question: question} | self.idle()

    @told(_ending)
    def stop(self, waiting: str, conversation: str) -> Update:
        """Returns the page as it was before the question, which goes back into its box."""
        pending = _from_json(waiting)
        if pending is None or self._waiting.pop(pending.ticket, None) is None:  # the answer came first
            return unchanged()
        return self._back(pending.question, self._turns(conversation), notice(self.words.stopped))

    @told(_emptying)
    def restore(self, text: str) -> Update:
        """Returns the page with a conversation that the browser kept, checked against the notes as they are now."""
        return self.show(from_json(str(received(text).get("conversation", ""))))

    @told(_saying)
    def refresh(self, _: str, conversation: str) -> Update:
        """Returns the cards of a conversation, checked against the notes as they are now."""
        return {self.parts.cards: self._cards(self._turns(conversation))}

    @told(_saying)
    def rate(self, text: str, conversation: str) -> Update:
        """Keeps what a person thinks of an answer."""
        values = received(text)
        turn = _numbered(self._turns(conversation), values.get("turn"))
        if turn is None:
            return unchanged()
        good = bool(values.get("good"))
        reason: Complaint = "" if good else _reason(values.get("reason"))
        self._service.rate(turn, good, reason, str(values.get("comment", "")))
        return {self.parts.said: thanks(self.words.thanks)}

    @told(_saying)
    def pin(self, text: str, conversation: str) -> Update:
        """Pins a question, or lets it go."""
        values = received(text)
        turns = self._turns(conversation)
        turn = _numbered(turns, values.get("turn"))
        if turn is None:
            return unchanged()
        self._service.pin(turn, bool(values.get("pinned")))
        return {self.parts.chat: self._messages(turns), self.parts.said: ""}

    @told(_saying)
    def alone(self, text: str, conversation: str) -> Update:
        """Answers a question once more without those before it; its answer takes the place of the old one."""
        turns = self._turns(conversation)
        turn = _numbered(turns, received(text).get("turn"))
        if turn is None:
            return unchanged()
        again = self._asked(turn.number, turn.answer.question, ())
        return self.show([again if one is turn else one for one in turns])

    def show(self, turns: Sequence[Turn]) -> Update:
        """Returns the page with a conversation."""
        said = notice(self.words.conversation_full) if len(turns) == MAX_TURNS and turns[0].number > 1 else ""
        return {
            self.parts.conversation: to_json(turns),
            self.parts.chat: self._messages(turns),
            self.parts.cards: self._cards(turns),
            self.parts.said: said,
        }

    def idle(self) -> Update:
        """Returns the page when nothing is being answered."""
        return {
            self.parts.pending: "",
            self.parts.send: gr.update(visible=True),
            self.parts.stop: gr.update(visible="hidden"),
        }

    def _busy(self) -> Update:
        return {self.parts.send: gr.update(visible="hidden"), self.parts.stop: gr.update(visible=True)}

    def _answered(self, question: str, turns: tuple[Turn, ...]) -> Turn:
        return self._asked(turns[-1].number + 1 if turns else 1, question, turns)

    def _asked(self, number: int, question: str, turns: Sequence[Turn]) -> Turn:
        """Returns the turn of a question after others; one that the notes do not answer is kept as a gap."""
        answer, elapsed_ms = self._service.ask(question, history=[turn.answer.earlier for turn in turns])
        if not answer.found and not answer.small_talk:
            self._service.miss(question, answer.hits[0].passage.topic if answer.hits else "")
        return Turn(number, answer, elapsed_ms, self._service.related(answer))

    def _cards(self, turns: Sequence[Turn]) -> str:
        return evidence.panel(turns, self._service.evidence(turns), self.words)

    def _messages(self, turns: Sequence[Turn]) -> list[messages.Message]:
        return messages.messages(turns, self._service.pinned(), self.words)

    def _turns(self, conversation: str) -> tuple[Turn, ...]:
        try:
            return from_json(conversation)
        except TurnsDamaged:
            return ()


def _to_json(pending: Pending) -> str:
    return _PENDING.dump_json(pending).decode()


def _from_json(text: str) -> Pending | None:
    try:
        return _PENDING.validate_json(text)
    except ValidationError:  # nothing is being answered
        return None


def _reason(said: object) -> Complaint:
    return "absent" if said == "absent" else "wrong" if said == "wrong" else "other"


def _numbered(turns: Sequence[Turn], number: object) -> Turn | None:
    return next((turn for turn in turns if turn.number == number), None)
