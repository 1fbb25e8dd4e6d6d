"""The tab "ask" without a browser: what each event hands to the page, step by step."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rag.assistant import Assistant
from rag.encoders.base import Encoder
from rag.indexing.sync import sync
from rag.serving.service import Service, Settings
from rag.serving.turns import MAX_TURNS, from_json, to_json
from rag.ui.ask import tab as ask
from rag.ui.ask.tab import Update, View
from rag.ui.words.chinese import CHINESE
from tests.ui.conftest import COFFEE
from tests.ui.pieces import Pieces

QUESTION = "手冲咖啡的水温应该是多少？"
SKIPPED: dict[str, Any] = {"__type__": "update"}


@pytest.fixture
def service(tmp_path: Path, bundled: Encoder) -> Service:
    settings = Settings(tmp_path / "corpus", tmp_path / "index", tmp_path / "feedback", editor="")
    settings.corpus.mkdir()
    (settings.corpus / "咖啡.md").write_text(COFFEE, encoding="utf-8")
    sync(settings.corpus, settings.index, bundled)
    return Service(settings, bundled, Assistant.open(settings.index, bundled))


@pytest.fixture
def view(service: Service) -> View:
    return View(service, CHINESE)


def texts(chat: list[dict[str, str]]) -> list[str]:
    return [Pieces(message["content"]).text for message in chat]


def steps(view: View, question: str, conversation: str) -> Iterator[Update]:
    """Yields what the page is handed until the answer is there, as the page asks for it."""
    update = view.ask(question, conversation)
    yield update
    while update[5] not in ("", SKIPPED):
        update = view.proceed(update[5], conversation)
        yield update


def asked(view: View, *questions: str) -> str:
    conversation = ""
    for question in questions:
        *_, (conversation, *_) = steps(view, question, conversation)
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
    update = view.ask(f"  {QUESTION}\n", "")
    assert texts(update[1])[0].startswith(QUESTION)
    assert update[4:6] == ("", "")


def test_a_question_that_takes_long_is_shown_before_its_answer(view: View, held: threading.Event) -> None:
    conversation, chat, cards, said, question, pending, send, stop = view.ask(f"  {QUESTION}\n", "")
    assert (conversation, cards, said, question) == (SKIPPED, SKIPPED, "", "")
    assert (send["visible"], stop["visible"]) == ("hidden", True)
    assert texts(chat) == [QUESTION, "正在查找"]

    waiting = view.proceed(pending, "")
    assert waiting[:5] + waiting[6:] == (SKIPPED,) * 7
    assert waiting[5] != pending  # a box that does not change is not listened to

    held.set()
    pending = waiting[5]
    while pending:
        conversation, chat, cards, said, question, pending, send, stop = view.proceed(pending, "")
    assert texts(chat)[0].startswith(QUESTION)
    assert "92 到 94 度" in texts(chat)[1]
    assert "咖啡.md:1–9✓ 原文一致" in Pieces(cards).text
    assert (said, question) == ("", SKIPPED)
    assert (send["visible"], stop["visible"]) == (True, "hidden")
    (turn,) = from_json(conversation)
    assert (turn.number, turn.answer.question, turn.answer.found) == (1, QUESTION, True)
    assert turn.related == ("磨豆机怎么清洗？",)


def test_a_long_answer_is_written_out_quotation_by_quotation(view: View, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ask, "SOON", 0.0)
    *_, first, last = steps(view, f"{QUESTION}磨豆机怎么清洗？", "")
    assert "92 到 94 度" in texts(first[1])[1] and "brush --dry" not in texts(first[1])[1]
    assert "92 到 94 度" in texts(last[1])[1] and "brush --dry" in texts(last[1])[1]
    assert (first[0], first[5] == "") == (SKIPPED, False)


def test_a_question_that_a_server_took_with_it_is_asked_again(
    view: View, service: Service, held: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    pending = view.ask(QUESTION, "")[5]
    held.set()
    monkeypatch.setattr(ask, "SOON", 60.0)
    conversation = View(service, CHINESE).proceed(pending, "")[0]
    assert [turn.answer.question for turn in from_json(conversation)] == [QUESTION]


def test_a_conversation_goes_on_from_what_the_browser_kept(view: View, service: Service) -> None:
    conversation = asked(view, QUESTION)
    restarted = View(
        Service(service.settings, service.encoder, Assistant.open(service.settings.index, service.encoder)), CHINESE
    )
    *_, (conversation, *_) = steps(restarted, "为什么？", conversation)
    turns = from_json(conversation)
    assert [turn.number for turn in turns] == [1, 2]
    assert turns[1].answer.asked == "手冲咖啡的水温应该是多少，为什么"


@pytest.mark.parametrize(
    ("question", "said"), [("？", "请输入问题"), ("长" * 4001, "问题太长了，请缩短到 4000 字以内再问。")]
)
def test_what_cannot_be_asked_is_one_sentence_and_changes_nothing(view: View, question: str, said: str) -> None:
    update = view.ask(question, "")
    assert [one for one in update if one != SKIPPED] == [f'<div class="kd-notice" role="alert">{said}</div>']


def test_an_error_on_the_way_gives_the_question_back(
    view: View, service: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise OSError("the disk is gone")

    conversation = asked(view, QUESTION)
    monkeypatch.setattr(service, "ask", fails)
    *_, (kept, chat, _, said, question, pending, send, _) = steps(view, "磨豆机怎么清洗？", conversation)
    assert (kept, question, pending, send["visible"]) == (SKIPPED, "磨豆机怎么清洗？", "", True)
    assert len(chat) == 2
    assert Pieces(said).text == CHINESE.unexpected
    assert "the disk is gone" in caplog.text


def test_stopping_gives_the_question_back(view: View, held: threading.Event) -> None:
    waiting = view.ask("磨豆机怎么清洗？", "")[5]
    kept, chat, cards, said, question, pending, send, stop = view.stop(waiting, "")
    assert (kept, chat, cards, question, pending) == (SKIPPED, [], SKIPPED, "磨豆机怎么清洗？", "")
    assert Pieces(said).text == CHINESE.stopped
    assert (send["visible"], stop["visible"]) == (True, "hidden")
    held.set()
    assert view.proceed(waiting, "") == (SKIPPED,) * 8  # an answer that comes after that changes nothing
    assert view.stop(waiting, "") == (SKIPPED,) * 8
    assert view.proceed("", "") == (SKIPPED,) * 8


def test_a_conversation_that_was_kept_is_checked_against_the_notes_now(view: View, service: Service) -> None:
    conversation = asked(view, QUESTION)
    message = json.dumps({"conversation": conversation})
    assert view.refresh("{}", conversation) == view.restore(message)[2]
    assert view.restore(message)[0] == conversation
    assert "原文一致" in view.restore(message)[2]

    note = service.settings.corpus / "咖啡.md"
    note.write_text(COFFEE + "\n末尾多一行。\n", encoding="utf-8")
    cards = view.restore(message)[2]
    assert ("原文一致" in cards, "笔记已改动" in cards) == (True, True)
    note.write_text(COFFEE.replace("92", "90"), encoding="utf-8")
    cards = view.restore(message)[2]
    assert ("原文一致" in cards, "原文已不在" in cards) == (False, True)
    note.unlink()
    assert "原文已不在" in view.restore(message)[2]


def test_a_damaged_conversation_is_one_sentence(view: View) -> None:
    kept, chat, _, said = view.restore(json.dumps({"conversation": '[{"number": 1}]'}))
    assert (kept, chat, Pieces(said).text) == ("[]", [], CHINESE.conversation_damaged)
    *_, (kept, *_) = steps(view, QUESTION, "{")
    assert len(from_json(kept)) == 1  # and one may go on asking
    assert view.restore("no JSON")[:2] == ("[]", [])


def test_a_conversation_that_grows_too_long_says_so(view: View) -> None:
    (turn,) = from_json(asked(view, QUESTION))
    long = to_json([type(turn)(number, turn.answer, 1.0) for number in range(1, MAX_TURNS + 1)])
    *_, (conversation, _, _, said, *_) = steps(view, QUESTION, long)
    assert [one.number for one in from_json(conversation)] == list(range(2, MAX_TURNS + 2))
    assert Pieces(said).text == CHINESE.conversation_full


def test_what_is_not_in_the_notes_becomes_a_gap(view: View, service: Service) -> None:
    asked(view, "长城有多长？", QUESTION, "长城有多长")
    assert [(gap.question, gap.times) for gap in service.feedback.gaps()] == [("长城有多长", 2)]


def test_ratings_are_golden_questions(view: View, service: Service) -> None:
    conversation = asked(view, QUESTION, "长城有多长？")
    said = view.rate(json.dumps({"turn": 1, "good": True}), conversation)[3]
    assert said == '<div class="kd-thanks" role="status">记下了，谢谢</div>'
    view.rate(json.dumps({"turn": 2, "good": False, "reason": "<b>", "comment": "应该有"}), conversation)
    assert view.rate(json.dumps({"turn": 9, "good": True}), conversation) == (SKIPPED,) * 4
    ratings = service.feedback.ratings()
    assert [(one.question, one.good, one.reason, one.comment) for one in ratings] == [
        ("长城有多长？", False, "other", "应该有"),
        (QUESTION, True, "", ""),
    ]


def test_a_question_is_pinned_and_let_go(view: View, service: Service) -> None:
    conversation = asked(view, QUESTION)
    chat = view.pin(json.dumps({"turn": 1, "pinned": True}), conversation)[1]
    assert 'name="unpin"' in chat[1]["content"]
    assert [(pin.question, pin.source) for pin in service.feedback.pins()] == [(QUESTION, "咖啡.md")]
    chat = view.pin(json.dumps({"turn": 1, "pinned": False}), conversation)[1]
    assert 'name="pin"' in chat[1]["content"]
    assert service.feedback.pins() == ()


def test_a_feedback_folder_that_cannot_be_written_is_one_sentence(view: View, service: Service) -> None:
    service.settings.feedback.write_text("a file, not a folder")
    conversation = asked(view, QUESTION, "长城有多长？")  # a gap that cannot be kept does not stop the answer
    assert len(from_json(conversation)) == 2
    for call in (view.rate, view.pin):
        said = call(json.dumps({"turn": 1, "good": True, "pinned": True}), conversation)[3]
        assert Pieces(said).text == CHINESE.feedback_not_writable
