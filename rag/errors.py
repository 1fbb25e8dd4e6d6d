"""Everything that can go wrong and that a person can mend; each message says what to do next.

KuaidaError
├── QuestionRejected     the question is empty or too long
├── CorpusError          the notes folder is missing or holds nothing to index
├── EncoderError         the encoder cannot be loaded
├── IndexUnusable
│   ├── IndexMissing     there is no index yet
│   ├── IndexCorrupt     a file of the index is damaged
│   └── IndexMismatch    the index was made by another encoder or another version
├── IndexNotWritable     read-only folder, full disk, or another build is running
└── ServerError          the page cannot be served (port in use, address refused)
"""

from __future__ import annotations


class KuaidaError(Exception):
    """Root of the tree; the commands turn it into one line on stderr and exit code 2."""


class QuestionRejected(KuaidaError):
    pass


class CorpusError(KuaidaError):
    pass


class EncoderError(KuaidaError):
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


class ServerError(KuaidaError):
    pass
