"""Errors → one sentence in the language of the page, which says what to do next."""

from __future__ import annotations

import logging

from rag.config import MAX_QUESTION_CHARACTERS
from rag.errors import (
    CorpusError,
    FeedbackNotWritable,
    IndexNotWritable,
    IndexUnusable,
    NoteNotWritable,
    QuestionRejected,
)
from rag.serving.rebuilds import RebuildRunning
from rag.serving.turns import TurnsDamaged
from rag.ui.words.base import Words, reason_in

log = logging.getLogger(__name__)


def sentence(error: Exception, words: Words, question: str = "") -> str:
    """Returns what to tell the person; an error that is not known goes to the log as a whole."""
    match error:
        case QuestionRejected() if len(question) > MAX_QUESTION_CHARACTERS:
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
