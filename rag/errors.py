"""Everything that can go wrong and that a person can mend; each message says what to do next.

KuaidaError
├── QuestionRejected     the question is empty
│   └── QuestionTooLong  or too long
├── CorpusError          the notes folder is missing or holds nothing to index
├── EncoderError         the encoder cannot be loaded
├── RerankerError        the reranker cannot be loaded
├── GoldenUnusable       golden questions or a saved report cannot be read, or do not fit the notes
├── IndexUnusable
│   ├── IndexMissing     there is no index yet
│   ├── IndexCorrupt     a file of the index is damaged
│   └── IndexMismatch    the index was made by another encoder or another version
├── IndexNotWritable     read-only folder, full disk, or another build is running
├── FeedbackNotWritable  ratings, gaps and pinned questions cannot be kept
├── NoteNotWritable      a question cannot be added to a note, which stays as it is
└── ServerError          the page cannot be served (port in use, address refused)
"""

from __future__ import annotations

from rag.types import Reason


class KuaidaError(Exception):
    """Root of the tree; the commands turn it into one line on stderr and exit code 2."""


class QuestionRejected(KuaidaError):
    pass


class QuestionTooLong(QuestionRejected):
    pass


class CorpusError(KuaidaError):
    pass


class EncoderError(KuaidaError):
    pass


class RerankerError(KuaidaError):
    pass


class GoldenUnusable(KuaidaError):
    pass


class IndexUnusable(KuaidaError):
    pass


class IndexMissing(IndexUnusable):
    pass


class IndexCorrupt(IndexUnusable):
    pass


class IndexMismatch(IndexUnusable):
    pass


class IndexNotWritable(KuaidaError):
    pass


class FeedbackNotWritable(KuaidaError):
    pass


class NoteNotWritable(KuaidaError):
    """`reason` says why, without the name of the note."""

    def __init__(self, source: str, reason: Reason) -> None:
        super().__init__(f"{source} stays as it is: {reason}")
        self.reason = reason


class ServerError(KuaidaError):
    pass


class NoteUnreadable(Exception):
    """Carries why one file cannot be a note, or is no text at all."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(str(reason))
        self.reason = reason
