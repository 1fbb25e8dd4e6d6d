"""The tab "ask" without a browser: what each event hands to the page, step by step."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from rag.assistant import Assistant
from rag.encoders.base import Encoder
from rag.indexing.sync import sync
from rag.serving.service import Service, Settings
from rag.serving.turns import MAX_TURNS, from_json, to_json
from rag.ui.ask import tab as ask
from rag.ui.ask.tab import View, laid_out
from rag.ui.components import Update
from rag.ui.words.chinese import CHINESE
from tests.ui.blocks import on_a_page
from tests.ui.conftest import COFFEE
from tests.ui.pieces import Pieces

QUESTION = "手冲咖啡的水温应该是多少？"
UNCHANGED: dict[str, Any] = gr.skip()


@pytest.fixture
def service(tmp_path: Path, bundled: Encoder) -> Service:
    settings = Settings(tmp_path / "corpus", tmp_path / "index", tmp_path / "feedback", editor="")
    settings.corpus.mkdir()
    (settings.corpus / "咖啡.md").write_text(COFFEE, encoding="utf-8")
    sync(settings.corpus, settings.index, bundled)
    return Service(settings, bundled, Assistant.open(settings.index, bundled))


def opened(service: Service) -> View:
    """Returns the tab of a page of its own."""
    return View(service, CHINESE, on_a_page(lambda: laid_out(service, CHINESE)))


@pytest.fixture
def view(service: Service) -> View:
    return opened(service)


def texts(chat: list[dict[str, str]]) -> list[str]:
    return [Pieces(message["content"]).text for message in chat]


def steps(view: View, question: str, conversation: str) -> Iterator[Update]:
    """Yields what the page is handed until the answer is there, as the page asks for it."""
    update = view.ask(question, conversation)
    yield update
    while pending := update.get(view.parts.pending):
        update = view.proceed(pending, conversation)
        yield update


def asked(view: View, *questions: str) -> str:
    conversation = ""
    for question in questions:
        *_, last = steps(view, question, conversation)
        conversation = last[view.parts.conversation]
    return conversation


@pytest.fixture
def held(service: Service, monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Holds every answer back until the event is set."""
    monkeypatch.setattr(ask, "SOON", 0.0)
    monkeypatch.setattr(ask, "LATER", 0.05)
    free, answer = threading.Event(), service.ask

    def late(*given: Any, **named: Any) -> Any:
        assert free.wait(60)
        return answer(*given, **named)

    monkeypatch.setattr(service, "ask", late)
    yield free
    free.set()


def test_an_answer_that_is_soon_there_is_shown_at_once(view: View, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ask, "SOON", 60.0)  # however busy the machine is
    parts, update = view.parts, view.ask(f"  {QUESTION}\n", "")
    assert texts(update[parts.chat])[0].startswith(QUESTION)
    assert (update[parts.question], update[parts.pending]) == ("", "")


def test_a_question_that_takes_long_is_shown_before_its_answer(view: View, held: threading.Event) -> None:
    parts, update = view.parts, view.ask(f"  {QUESTION}\n", "")
    assert set(update) == {parts.chat, parts.said, parts.question, parts.pending, parts.send, parts.stop}
    assert (update[parts.said], update[parts.question]) == ("", "")
    assert (update[parts.send]["visible"], update[parts.stop]["visible"]) == ("hidden", True)
    assert texts(update[parts.chat]) == [QUESTION, "正在查找"]

    pending = update[parts.pending]
    waiting = view.proceed(pending, "")
    assert set(waiting) == {parts.pending}
    assert waiting[parts.pending] != pending  # a box that does not change is not listened to

    held.set()
    pending = waiting[parts.pending]
    while pending:
        update = view.proceed(pending, "")
        pending = update[parts.pending]
    assert texts(update[parts.chat])[0].startswith(QUESTION)
    assert "92 到 94 度" in texts(update[parts.chat])[1]
    assert "咖啡.md:1–9✓ 原文一致" in Pieces(update[parts.cards]).text
    assert update[parts.said] == ""
    assert parts.question not in update  # where one may be typing the next one
    assert (update[parts.send]["visible"], update[parts.stop]["visible"]) == (True, "hidden")
    (turn,) = from_json(update[parts.conversation])
    assert (turn.number, turn.answer.question, turn.answer.found) == (1, QUESTION, True)
    assert turn.related == ("磨豆机怎么清洗？",)


def test_a_long_answer_is_written_out_quotation_by_quotation(view: View, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ask, "SOON", 0.0)
    parts = view.parts
    *_, first, last = steps(view, f"{QUESTION}磨豆机怎么清洗？", "")
    written, whole = texts(first[parts.chat])[1], texts(last[parts.chat])[1]
    assert ("92 到 94 度" in written, "brush --dry" in written) == (True, False)
    assert ("92 到 94 度" in whole, "brush --dry" in whole) == (True, True)
    assert set(first) == {parts.chat, parts.pending}


def test_a_question_that_a_server_took_with_it_is_asked_again(
    view: View, service: Service, held: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    pending = view.ask(QUESTION, "")[view.parts.pending]
    held.set()
    monkeypatch.setattr(ask, "SOON", 60.0)
    restarted = opened(service)
    conversation = restarted.proceed(pending, "")[restarted.parts.conversation]
    assert [turn.answer.question for turn in from_json(conversation)] == [QUESTION]


def test_a_conversation_goes_on_from_what_the_browser_kept(view: View, service: Service) -> None:
    conversation = asked(view, QUESTION)
    restarted = opened(
        Service(service.settings, service.encoder, Assistant.open(service.settings.index, service.encoder))
    )
    *_, last = steps(restarted, "为什么？", conversation)
    turns = from_json(last[restarted.parts.conversation])
    assert [turn.number for turn in turns] == [1, 2]
    assert turns[1].answer.asked == "手冲咖啡的水温应该是多少，为什么"


@pytest.mark.parametrize(
    ("question", "said"), [("？", "请输入问题"), ("长" * 4001, "问题太长了，请缩短到 4000 字以内再问。")]
)
def test_what_cannot_be_asked_is_one_sentence_and_changes_nothing(view: View, question: str, said: str) -> None:
    assert view.ask(question, "") == {view.parts.said: f'<div class="kd-notice" role="alert">{said}</div>'}


def test_an_error_on_the_way_gives_the_question_back(
    view: View, service: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise OSError("the disk is gone")

    conversation = asked(view, QUESTION)
    monkeypatch.setattr(service, "ask", fails)
    parts = view.parts
    *_, last = steps(view, "磨豆机怎么清洗？", conversation)
    assert (last[parts.question], last[parts.pending]) == ("磨豆机怎么清洗？", "")
    assert (last[parts.send]["visible"], last[parts.stop]["visible"]) == (True, "hidden")
    assert (parts.conversation in last, len(last[parts.chat])) == (False, 2)
    assert Pieces(last[parts.said]).text == CHINESE.unexpected
    assert "the disk is gone" in caplog.text


def test_stopping_gives_the_question_back(view: View, held: threading.Event) -> None:
    parts, waiting = view.parts, view.ask("磨豆机怎么清洗？", "")[view.parts.pending]
    update = view.stop(waiting, "")
    assert set(update) == {parts.chat, parts.said, parts.question, parts.pending, parts.send, parts.stop}
    assert (update[parts.chat], update[parts.question], update[parts.pending]) == ([], "磨豆机怎么清洗？", "")
    assert Pieces(update[parts.said]).text == CHINESE.stopped
    assert (update[parts.send]["visible"], update[parts.stop]["visible"]) == (True, "hidden")
    held.set()
    assert view.proceed(waiting, "") == UNCHANGED  # an answer that comes after that changes nothing
    assert view.stop(waiting, "") == UNCHANGED
    assert view.proceed("", "") == UNCHANGED


def test_a_conversation_that_was_kept_is_checked_against_the_notes_now(view: View, service: Service) -> None:
    conversation, parts = asked(view, QUESTION), view.parts
    message = json.dumps({"conversation": conversation})
    restored = view.restore(message)
    assert view.refresh("{}", conversation) == {parts.cards: restored[parts.cards]}
    assert restored[parts.conversation] == conversation
    assert "原文一致" in restored[parts.cards]

    note = service.settings.corpus / "咖啡.md"
    note.write_text(COFFEE + "\n末尾多一行。\n", encoding="utf-8")
    cards = view.restore(message)[parts.cards]
    assert ("原文一致" in cards, "笔记已改动" in cards) == (True, True)
    note.write_text(COFFEE.replace("92", "90"), encoding="utf-8")
    cards = view.restore(message)[parts.cards]
    assert ("原文一致" in cards, "原文已不在" in cards) == (False, True)
    note.unlink()
    assert "原文已不在" in view.restore(message)[parts.cards]


def test_a_damaged_conversation_is_one_sentence(view: View) -> None:
    parts, update = view.parts, view.restore(json.dumps({"conversation": '[{"number": 1}]'}))
    assert set(update) == set(parts.shown)
    assert (update[parts.conversation], update[parts.chat]) == ("[]", [])
    assert Pieces(update[parts.said]).text == CHINESE.conversation_damaged
    *_, last = steps(view, QUESTION, "{")
    assert len(from_json(last[parts.conversation])) == 1  # and one may go on asking
    update = view.restore("no JSON")
    assert (update[parts.conversation], update[parts.chat], update[parts.said]) == ("[]", [], "")


def test_a_conversation_that_grows_too_long_says_so(view: View) -> None:
    (turn,) = from_json(asked(view, QUESTION))
    long = to_json([type(turn)(number, turn.answer, 1.0) for number in range(1, MAX_TURNS + 1)])
    *_, last = steps(view, QUESTION, long)
    numbers = [one.number for one in from_json(last[view.parts.conversation])]
    assert numbers == list(range(2, MAX_TURNS + 2))
    assert Pieces(last[view.parts.said]).text == CHINESE.conversation_full


def test_what_is_not_in_the_notes_becomes_a_gap(view: View, service: Service) -> None:
    asked(view, "长城有多长？", QUESTION, "长城有多长")
    assert [(gap.question, gap.times) for gap in service.feedback.gaps()] == [("长城有多长", 2)]


def test_ratings_are_golden_questions(view: View, service: Service) -> None:
    conversation = asked(view, QUESTION, "长城有多长？")
    said = view.rate(json.dumps({"turn": 1, "good": True}), conversation)
    assert said == {view.parts.said: '<div class="kd-thanks" role="status">记下了，谢谢</div>'}
    view.rate(json.dumps({"turn": 2, "good": False, "reason": "<b>", "comment": "应该有"}), conversation)
    assert view.rate(json.dumps({"turn": 9, "good": True}), conversation) == UNCHANGED
    ratings = service.feedback.ratings()
    assert [(one.question, one.good, one.reason, one.comment) for one in ratings] == [
        ("长城有多长？", False, "other", "应该有"),
        (QUESTION, True, "", ""),
    ]


def test_a_question_is_pinned_and_let_go(view: View, service: Service) -> None:
    conversation = asked(view, QUESTION)
    chat = view.pin(json.dumps({"turn": 1, "pinned": True}), conversation)[view.parts.chat]
    assert 'name="unpin"' in chat[1]["content"]
    assert [(pin.question, pin.source) for pin in service.feedback.pins()] == [(QUESTION, "咖啡.md")]
    chat = view.pin(json.dumps({"turn": 1, "pinned": False}), conversation)[view.parts.chat]
    assert 'name="pin"' in chat[1]["content"]
    assert service.feedback.pins() == ()


def test_a_question_that_was_misunderstood_is_asked_alone(view: View) -> None:
    conversation = asked(view, QUESTION, "为什么？", QUESTION)
    assert [turn.answer.asked is None for turn in from_json(conversation)] == [True, False, True]
    kept = view.alone(json.dumps({"turn": 2}), conversation)[view.parts.conversation]
    turns = from_json(kept)
    assert [(turn.number, turn.answer.question, turn.answer.asked) for turn in turns] == [
        (1, QUESTION, None),
        (2, "为什么？", None),
        (3, QUESTION, None),
    ]
    assert view.alone(json.dumps({"turn": 9}), kept) == UNCHANGED


def test_a_feedback_folder_that_cannot_be_written_is_one_sentence(view: View, service: Service) -> None:
    service.settings.feedback.write_text("a file, not a folder")
    conversation = asked(view, QUESTION, "长城有多长？")  # a gap that cannot be kept does not stop the answer
    assert len(from_json(conversation)) == 2
    for call in (view.rate, view.pin):
        ((part, said),) = call(json.dumps({"turn": 1, "good": True, "pinned": True}), conversation).items()
        assert (part, Pieces(said).text) == (view.parts.said, CHINESE.feedback_not_writable)
