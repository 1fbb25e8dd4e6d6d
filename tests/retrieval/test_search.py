"""What may answer at all: passages that state something."""

from __future__ import annotations

from pathlib import Path

from rag.indexing.sync import sync
from rag.retrieval.search import rank
from rag.store.local import Index
from tests.small import write_notes
from tests.toy_encoder import ToyEncoder

TOY = ToyEncoder()
NOTES = {
    "oven.md": (
        "---\ntitle: oven\ntags: [oven, kitchen]\n---\n\n"
        "- [Oven](#oven)\n- [Grill](#grill)\n\n"
        "# Oven\n\nPreheat it for twelve minutes.\n\n"
        "# Grill\n\n## Oven and grill\n\nNever both at once.\n\n"
        "# References\n\n[1] Oven manual, 2021.\n[2] J. Doe, Oven care, 2019.\n"
    ),
}


def test_front_matter_contents_and_references_are_no_answers(tmp_path: Path) -> None:
    sync(write_notes(tmp_path / "notes", NOTES), tmp_path / "index", TOY)
    index = Index.open(tmp_path / "index", TOY)
    (ranking,) = rank(index, TOY, ["oven tags kitchen grill manual"])
    found = [match.passage.text for match in ranking.matches]
    assert len(found) == 2 and index.size > 2
    assert any("twelve minutes" in text for text in found)
    assert any("Never both" in text for text in found)
