"""Where the notes are and what is made of them: beside the code in a clone, in the user's data folder once installed.

DATA/last.json                        {"corpus": the folder opened last, null for the bundled notes}
DATA/notes/thesis-3f2a91c04b7e/index/ of one folder of notes, named after it and a digest of its real path
DATA/notes/thesis-3f2a91c04b7e/feedback/
DATA/notes/bundled/                   of the notes that come with the package, wherever that is installed
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

from rag import config, durable

NAME_CHARACTERS = 40
DIGEST_CHARACTERS = 12


@dataclass(frozen=True, slots=True)
class Folders:
    """A folder of notes, and where its index and what people say about it are kept."""

    corpus: Path
    index: Path
    feedback: Path


def folders(corpus: Path | None = None, index: Path | None = None, feedback: Path | None = None) -> Folders:
    """Returns the folders given, and for the others where they are by default.

    Without `corpus`: in a clone `corpus/`, else the folder remembered last, or the bundled notes.
    """
    corpus = corpus or _last() or config.DEFAULT_CORPUS
    own_index, own_feedback = config.DEFAULT_INDEX, config.DEFAULT_FEEDBACK
    if not config.IS_CLONE:
        own = config.data_folder() / "notes" / _key(corpus)
        own_index, own_feedback = own / "index", own / "feedback"
    return Folders(corpus, index or own_index, feedback or own_feedback)


def remember(corpus: Path) -> None:
    """Makes `corpus` the folder that an installed command opens when none is named.

    Where nothing can be written it is not remembered, and has to be named again.
    """
    if config.IS_CLONE or os.path.realpath(corpus) == os.path.realpath(_last() or config.DEFAULT_CORPUS):
        return
    path = None if _is_bundled(corpus) else os.path.realpath(corpus)
    with contextlib.suppress(OSError):
        config.data_folder().mkdir(parents=True, exist_ok=True)
        durable.replace(config.data_folder() / "last.json", json.dumps({"corpus": path}).encode())


def _last() -> Path | None:
    if config.IS_CLONE:
        return None
    try:
        corpus = json.loads((config.data_folder() / "last.json").read_text(encoding="utf-8"))["corpus"]
    except (OSError, ValueError, TypeError, KeyError):  # none yet, or somebody edited it
        return None
    return Path(corpus) if isinstance(corpus, str) else None


def _key(corpus: Path) -> str:
    if _is_bundled(corpus):
        return "bundled"  # uvx installs it somewhere else each time
    path = os.path.realpath(corpus)
    name = "".join(char if char.isalnum() or char in "-_." else "-" for char in os.path.basename(path))
    digest = hashlib.sha256(os.fsencode(os.path.normcase(path))).hexdigest()
    return f"{name[:NAME_CHARACTERS]}-{digest[:DIGEST_CHARACTERS]}"


def _is_bundled(corpus: Path) -> bool:
    return os.path.realpath(corpus) == os.path.realpath(config.DEFAULT_CORPUS)
