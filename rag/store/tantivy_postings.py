"""Postings in tantivy: the only importer of tantivy; BM25 scores, higher is better.

Passages come as tokens of `tokens` and are only cut at spaces here. The postings are written anew for every
generation: a deletion in place would leave the deleted passages in the BM25 statistics until a merge.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import tantivy
from tantivy import Occur, Query

from rag.errors import IndexCorrupt, IndexNotWritable
from rag.text.typos import MARK

HEADING_BOOST = 2.0  # a question names its topic in the words of the heading; in the body they are spread thin
NAME_BOOST = 0.5  # it says which note is meant, not where in it; the same words are over all of its passages
WORD_FIELDS = (("names", NAME_BOOST), ("heading", HEADING_BOOST), ("body", 1.0))
SOUND_FIELDS = (("sounds", 1.0),)
WRITER_HEAP = 128_000_000  # bytes; 100,000 passages fit into two segments
ANALYZER = "spaces"
FREQUENCIES = "freq"  # no positions: there are no phrase queries, and they would double the size


@dataclass(frozen=True, slots=True)
class Row:
    """One passage as tokens joined by spaces; `names` are its note's, `sounds` begin with `rag.text.typos.MARK`."""

    heading: str
    body: str
    sounds: str
    names: str = ""


def write(folder: Path, rows: Iterable[Row]) -> None:
    """Writes postings into the empty `folder`; passage number i is row i.

    One thread and one commit, so that equal rows give equal scores. Raises IndexNotWritable. Nothing is synchronised
    to the disk here, and names that begin with "." are locks and bookkeeping that a reader does without.
    """
    try:
        index = tantivy.Index(_schema(), path=str(folder))
        _register_analyzer(index)
        writer = index.writer(heap_size=WRITER_HEAP, num_threads=1)
        for number, row in enumerate(rows):
            writer.add_document(tantivy.Document(number=number, **dataclasses.asdict(row)))
        writer.commit()
        writer.wait_merging_threads()
    except ValueError as error:  # what tantivy raises for all its errors, disk errors included
        raise IndexNotWritable(
            f"cannot write the postings ({error}): check the free disk space, then run `python -m rag.build` again"
        ) from error


class Postings:
    """Postings opened from the folder that `write` filled; except on Windows it may be deleted once they are open.

    Raises IndexCorrupt when tantivy refuses the folder. It needs to create a lock file there.
    """

    def __init__(self, folder: Path) -> None:
        try:
            index = tantivy.Index.open(str(folder))
            _register_analyzer(index)
            index.config_reader("manual")  # the folder never changes: no thread needs to watch it
            self._searcher = index.searcher()
        except ValueError as error:
            raise IndexCorrupt(f"the postings cannot be opened ({error}): run `python -m rag.build`") from error
        self._schema = index.schema

    @property
    def size(self) -> int:
        """The number of passages."""
        return self._searcher.num_docs

    def search(self, weights: Mapping[str, float], limit: int) -> list[tuple[int, float]]:
        """Returns the (passage number, score) of at most `limit` passages that hold any token, best first.

        The score is BM25 (k1 = 1.2, b = 0.75, tantivy's constants) times the token's weight, summed over the tokens
        and both fields, the heading times HEADING_BOOST. Equal scores are ordered by number.
        """
        limit = min(limit, self.size)  # tantivy reserves memory for `limit` results and panics at zero
        if limit < 1 or not weights:
            return []
        hits = self._searcher.search(self._query(weights), limit, count=False).hits
        numbers = self._searcher.fast_field_values("number", [address for _, address in hits])
        found = [(int(number or 0), float(score)) for number, (score, _) in zip(numbers, hits, strict=True)]
        return sorted(found, key=lambda hit: (-hit[1], hit[0]))

    def document_frequency(self, token: str) -> int:
        """Returns in how many passages a token occurs, in the heading or the body, or a sound."""
        if self.size == 0:
            return 0
        counts = self._searcher.aggregate(self._query({token: 1.0}), {"passages": {"value_count": {"field": "number"}}})
        return int(counts["passages"]["value"])

    def _query(self, weights: Mapping[str, float]) -> Query:
        """Returns a disjunction of terms, never a parsed string, so that what a person types stays literal."""
        terms: list[tuple[Occur, Query]] = []
        for token, weight in weights.items():
            for field, boost in SOUND_FIELDS if token.startswith(MARK) else WORD_FIELDS:
                term = Query.term_query(self._schema, field, token, FREQUENCIES)
                terms.append((Occur.Should, Query.boost_query(term, weight * boost)))
        return Query.boolean_query(terms)


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_integer_field("number", fast=True)
    for field in dataclasses.fields(Row):
        builder.add_text_field(field.name, tokenizer_name=ANALYZER, index_option=FREQUENCIES)
    return builder.build()


def _register_analyzer(index: tantivy.Index) -> None:
    """Gives `index` the analyzer its schema names; tantivy does not store analyzers, only their names."""
    spaces = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
    index.register_tokenizer(ANALYZER, spaces)
