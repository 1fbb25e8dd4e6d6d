"""Which files of a folder are notes: what programs leave among them is named with its reason, and never waited for."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.feedback.log import Feedback
from rag.indexing.sync import is_current, sync
from rag.insights import projection
from rag.notes.walking import may_be_note, walk
from rag.notes.watching import Watcher, footprint
from rag.serving import instance
from rag.store import generations
from rag.types import Reason, Skipped
from tests.small import NOTES, write_notes
from tests.toy_encoder import ToyEncoder

TOY = ToyEncoder()
OWN, PROGRAM, EDITOR = "our own index or feedback", "a folder of another program", "a backup or lock file of an editor"


def left_out(source: str, reason: str) -> Skipped:
    return Skipped(source, Reason.from_text(reason))


def walked(corpus: Path) -> tuple[set[str], set[Skipped]]:
    found = list(walk(corpus))
    return {each for each in found if isinstance(each, str)}, {each for each in found if isinstance(each, Skipped)}


def test_what_programs_leave_among_the_notes(corpus: Path) -> None:
    among = ("a/node_modules/x/README.md", "__MACOSX/a.md", "logseq/bak/pages/a.md", "~$a.md", "b.md~", "#c.md#")
    write_notes(corpus, dict.fromkeys(among, "旧的。\n"))
    write_notes(corpus, dict.fromkeys(("logseq/a.md", "bak/a.md", "#d.md", "e~f.md"), "新的。\n"))
    notes, skipped = walked(corpus)
    assert notes == {*NOTES, "logseq/a.md", "bak/a.md", "#d.md", "e~f.md"}
    assert skipped == {
        left_out("a/node_modules/", PROGRAM),
        left_out("__MACOSX/", PROGRAM),
        left_out("logseq/bak/", PROGRAM),
        left_out("~$a.md", EDITOR),
        left_out("b.md~", EDITOR),
        left_out("#c.md#", EDITOR),
    }
    assert {source for source in (*among, *notes) if may_be_note(source)} == notes


def test_feedback_among_the_notes(corpus: Path) -> None:
    Feedback(corpus / "said").miss("企鹅吃什么？", "")
    Feedback(corpus / "said").pin("企鹅吃什么？", None)
    assert walked(corpus) == (set(NOTES), {left_out("said/", OWN)})


@pytest.mark.parametrize("place", ["index", "deep/in/index", "."])
def test_an_index_among_the_notes_is_no_note(corpus: Path, place: str) -> None:
    """It holds a words.txt, which is a note by its name."""
    index = corpus / place
    with generations.exclusive(index):
        assert walked(corpus)[0] == set(NOTES)
        with generations.Draft(index) as draft:
            draft.write("words.txt", b"lora\n")
            assert walked(corpus)[0] == set(NOTES)
    before, watcher = footprint(corpus), Watcher(corpus)
    for number in (1, 2):  # the second leaves the first as a reserve
        assert sync(corpus, index, TOY, full=True).generation == f"gen-0000000{number}"
        assert is_current(corpus, index, TOY)
        assert (index / f"gen-0000000{number}" / "words.txt").is_file()
    projection.save(index, [], TOY.encode_questions(["a"])[0].vectors[:0, :2])
    claim = instance.claim(index)
    notes, skipped = walked(corpus)
    assert notes == set(NOTES)
    if place != ".":
        assert skipped == {left_out(f"{place}/", OWN)}
    assert {str(file.reason) for file in skipped} == {OWN}
    assert (footprint(corpus), watcher.look()) == (before, None)
    assert is_current(corpus, index, TOY)
    assert claim is not None
    claim.close()


def test_notes_in_the_folder_of_an_index_stay_notes(corpus: Path) -> None:
    sync(corpus, corpus / "llm", TOY)
    notes, skipped = walked(corpus)
    assert notes == set(NOTES)
    assert skipped == {left_out(f"llm/{name}", OWN) for name in ("LOCK", "CURRENT", "gen-00000001/")}


def test_files_that_only_sound_like_ours_are_notes(corpus: Path) -> None:
    write_notes(corpus, dict.fromkeys(("gen-00000001/a.md", "tmp-x/a.md", "CURRENT.md"), "新的。\n"))
    assert walked(corpus) == ({*NOTES, "gen-00000001/a.md", "tmp-x/a.md", "CURRENT.md"}, set())


def test_only_notes_and_the_glossary_are_watched(corpus: Path) -> None:
    watcher = Watcher(corpus)
    write_notes(corpus, {"图.png": "x", ".obsidian/workspace.json": "{}", "~$a.md": "x", "node_modules/a.md": "x"})
    assert watcher.look() is None
    assert set(footprint(corpus)) == set(NOTES)
    write_notes(corpus, {"glossary.tsv": "LoRA\t低秩适配\n"})
    seen = watcher.look()
    assert seen is not None and set(seen) == {*NOTES, "glossary.tsv"}


def test_a_picture_does_not_make_an_index_stale(corpus: Path, folder: Path) -> None:
    sync(corpus, folder, TOY)
    write_notes(corpus, {"图.png": "x"})
    assert is_current(corpus, folder, TOY)
    report = sync(corpus, folder, TOY)
    assert (report.generation, report.skipped) == ("gen-00000001", (left_out("图.png", "not a note (.png)"),))
    (corpus / "broken.md").write_bytes(b"a\0b")
    assert not is_current(corpus, folder, TOY)
