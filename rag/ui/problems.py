"""Errors → one sentence in the language of the page, which says what to do next."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from rag.config import MAX_QUESTION_CHARACTERS
from rag.errors import (
    CorpusError,
    FeedbackNotWritable,
    IndexNotWritable,
    IndexUnusable,
    NoteNotWritable,
    QuestionRejected,
    QuestionTooLong,
)
from rag.serving.rebuilds import RebuildRunning
from rag.serving.turns import TurnsDamaged
from rag.ui.components import Update
from rag.ui.elements import notice
from rag.ui.words.base import Words, reason_in

log = logging.getLogger(__name__)


class Speaking(Protocol):
    """What handles the events of a tab, in one language."""

    @property
    def words(self) -> Words: ...


View = TypeVar("View", bound=Speaking)
Given = ParamSpec("Given")
Event = Callable[Concatenate[View, Given], Update]


def told(failed: Callable[[View, str], Update]) -> Callable[[Event[View, Given]], Event[View, Given]]:
    """Makes of whatever an event raises one sentence, of which `failed` says where on the page it stands."""

    def decorate(event: Event[View, Given]) -> Event[View, Given]:
        @functools.wraps(event)
        def safe(view: View, /, *args: Given.args, **named: Given.kwargs) -> Update:
            try:
                return event(view, *args, **named)
            except Exception as error:  # whatever it is, the person gets a sentence and the page goes on
                return failed(view, notice(sentence(error, view.words)))

        return safe

    return decorate


def sentence(error: BaseException, words: Words) -> str:
    """Returns what to tell the person; an error that is not known goes to the log as a whole."""
    match error:
        case QuestionTooLong():
            return words.question_long.format(limit=MAX_QUESTION_CHARACTERS)
        case QuestionRejected():
            return words.question_empty
        case TurnsDamaged():
            return words.conversation_damaged
        case RebuildRunning():
            return words.rebuild_running
        case CorpusError():
            return words.rebuild_failed + words.corpus_unusable
        case IndexNotWritable():
            return words.rebuild_failed + words.index_not_writable
        case IndexUnusable():
            return words.index_unusable
        case NoteNotWritable():
            return words.note_not_written.format(reason=reason_in(words, error.reason))
        case FeedbackNotWritable():
            return words.feedback_not_writable
    log.error("the page met an error it does not know", exc_info=error)
    return words.unexpected
