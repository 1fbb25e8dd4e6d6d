"""Refuses what cannot be asked: the empty and the too long."""

from __future__ import annotations

import unicodedata

from rag.config import MAX_QUESTION_CHARACTERS
from rag.errors import QuestionRejected, QuestionTooLong
from rag.text.normal import clean


def check_question(question: str) -> str:
    """Returns the question without control characters; raises QuestionRejected when it is empty or too long."""
    if len(question) > MAX_QUESTION_CHARACTERS:
        raise QuestionTooLong(
            f"问题太长：{len(question)} 个字符，最多 {MAX_QUESTION_CHARACTERS} 个，请精简后再问 / "
            f"the question is too long: at most {MAX_QUESTION_CHARACTERS} characters"
        )
    question = " ".join(clean(question).split())
    kinds = {unicodedata.category(character) for character in question}
    if not any(kind[0] in "LN" or kind == "So" for kind in kinds):  # an emoji is a question, punctuation is none
        raise QuestionRejected("请输入问题 / type a question")
    return question
