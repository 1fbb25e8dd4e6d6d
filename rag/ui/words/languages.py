"""The languages of the page: a language is a file of this folder and a row here."""

from __future__ import annotations

from rag.ui.words.chinese import CHINESE
from rag.ui.words.english import ENGLISH

LANGUAGES = {"/en": ENGLISH, "": CHINESE}  # the path that a language is under; the longer first, "" matches all
