"""The messages of the chat: what was asked, and what the notes answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set

from rag.serving.turns import Turn, understood
from rag.ui.ask.answer import written
from rag.ui.ask.cards import anchor
from rag.ui.elements import button, icon_button, percent
from rag.ui.markup import encode
from rag.ui.words.base import Words

Message = dict[str, str]


def messages(turns: Sequence[Turn], pinned: Set[str], words: Words) -> list[Message]:
    """Returns the messages of the chat, a question and an answer for each turn; `pinned` are questions.

    What one may ask next stands below the last answer only.
    """
    return [message for turn in turns for message in _pair(turn, turn is turns[-1], pinned, words)]


def waiting(question: str, words: Words) -> list[Message]:
    """Returns the messages of a question that is being answered."""
    dots = '<span class="kd-dots"><span></span><span></span><span></span></span>'
    searching = f'<div class="kd-searching" role="status">{encode(words.searching)}{dots}</div>'
    return [_user(f'<div class="kd-question" dir="auto">{encode(question)}</div>'), _assistant(searching)]


def stages(turn: Turn, words: Words) -> Iterator[list[Message]]:
    """Yields the messages of an answer as it is written out, piece by piece; the last is not yet whole."""
    asked = _user(f'<div class="kd-question" dir="auto">{encode(turn.answer.question)}</div>')
    pieces = written(turn, words)
    for count in range(1, len(pieces)):
        yield [asked, _assistant(_answer(turn, pieces[:count]))]


def _pair(turn: Turn, is_last: bool, pinned: Set[str], words: Words) -> tuple[Message, Message]:
    hint = _understood(turn, words) if turn.answer.asked else ""
    actions = "" if turn.answer.small_talk else _actions(turn, pinned, words)
    following = _related(turn, words) if is_last and turn.answer.found else ""  # else they are the nearest again
    return (
        _user(_asked(turn, words)),
        _assistant(f"{hint}{_reply(turn, words)}{actions}{following}"),
    )


def _reply(turn: Turn, words: Words) -> str:
    answer = turn.answer
    if answer.small_talk:
        return f'<div class="kd-answer" dir="auto"><p>{encode(answer.text)}</p></div>'
    if answer.found:
        return _answer(turn, written(turn, words))
    return _may_be(turn, words) if answer.maybe else _missed(turn, words)


def _may_be(turn: Turn, words: Words) -> str:
    """Returns what may answer, which says so in its own first line, and where to write down what does."""
    return f'<div class="kd-answer kd-maybe" dir="auto">{"".join(written(turn, words))}{_write_it_down(words)}</div>'


def _understood(turn: Turn, words: Words) -> str:
    """Returns how a question was understood from those before it, and the way out where that was wrong."""
    said = encode(words.understood.format(question=turn.answer.asked))
    return f'<p class="kd-understood" dir="auto">{said} {button("alone", str(turn.number), words.ask_alone)}</p>'


def _user(content: str) -> Message:
    return {"role": "user", "content": content}


def _assistant(content: str) -> Message:
    return {"role": "assistant", "content": f'<div class="kd-reply">{content}</div>'}


def _asked(turn: Turn, words: Words) -> str:
    number = str(turn.number)
    return (
        f'<div class="kd-asked"><div class="kd-question" dir="auto">{encode(turn.answer.question)}</div>'
        f'<div class="kd-actions">{icon_button("edit", number, "edit", words.edit)}'
        f"{icon_button('copy-link', number, 'link', words.copy_link)}</div></div>"
    )


def _answer(turn: Turn, pieces: Sequence[str]) -> str:
    return f'<div class="kd-answer" dir="auto">{_heading(turn)}{"".join(pieces)}</div>'


def _heading(turn: Turn) -> str:
    cited = turn.answer.cited
    matched = turn.answer.hits[cited[0] - 1].passage.topic if cited else ""
    return f'<p class="kd-matched">{encode(matched)}</p>' if matched else ""


def _missed(turn: Turn, words: Words) -> str:
    hits = turn.answer.hits
    nearest = "".join(
        f'<li><a class="kd-cite" href="#{anchor(turn, rank)}">{encode(hit.passage.topic or hit.passage.source)}</a>'
        f'<span class="kd-score">{percent(hit.score)}</span></li>'
        for rank, hit in enumerate(hits, 1)
    )
    return (
        f'<div class="kd-answer kd-missed"><p><strong>{encode(words.not_found)}</strong></p>'
        f"<p>{encode(words.nearest if hits else words.nothing_near)}</p>"
        + (f'<ul class="kd-nearest">{nearest}</ul>' if hits else "")
        + f"{_write_it_down(words)}</div>"
    )


def _write_it_down(words: Words) -> str:
    return f'<p class="kd-stub-hint">{button("tab", "index", words.stub_hint, css="kd-link")}</p>'


def _actions(turn: Turn, pinned: Set[str], words: Words) -> str:
    number = str(turn.number)
    is_pinned = understood(turn.answer) in pinned
    pin = ("unpin", "pinned", words.unpin) if is_pinned else ("pin", "pin", words.pin)
    timing = words.timing.format(score=percent(turn.answer.confidence), elapsed=f"{turn.elapsed_ms:.0f}")
    return (
        '<div class="kd-actions">'
        + icon_button("copy-answer", number, "copy", words.copy_answer)
        + icon_button("retry", number, "retry", words.retry)
        + icon_button("good", number, "good", words.good)
        + icon_button("bad", number, "bad", words.bad)
        + icon_button(pin[0], number, pin[1], pin[2])
        + f'<span class="kd-timing">{encode(timing)}</span></div>'
    )


def _related(turn: Turn, words: Words) -> str:
    if not turn.related:
        return ""
    questions = "".join(button("ask", question, question, css="kd-related") for question in turn.related)
    return f'<div class="kd-next"><span>{encode(words.related)}</span>{questions}</div>'


def welcome(examples: Iterable[str], words: Words) -> str:
    """Returns what an empty chat shows: example questions, and the keys."""
    asked = "".join(button("ask", question, question, css="kd-example") for question in examples)
    return (
        f'<div class="kd-welcome"><p>{encode(words.welcome)}</p><p>{encode(words.welcome_hint)}</p>'
        f'<div class="kd-examples">{asked}</div><p class="kd-shortcuts">{encode(words.shortcuts)}</p></div>'
    )
