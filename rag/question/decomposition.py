"""The parts of a question: the sides of a comparison, and the questions of a message that asks more than one.

Pure text. A plain question has no parts; where its form leaves a doubt, it is plain.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag.question.frames import (
    ASKS,
    LEAD,
    PREDICATE,
    PUNCTUATION,
    QUESTION_CHARACTERS,
    STARTS_ASKING,
    STARTS_ASKING_ENGLISH,
    aligned,
    has_topic,
    skip,
)
from rag.text.normal import HAN, is_chinese
from rag.types import Span

MAX_PARTS = 3  # each costs one more search
SIDE_CHARACTERS = 30  # a longer side is a clause that happens to hold 和

CLAUSE = re.compile(r"[^,，;；。？?！!\n]+")
JOIN = re.compile(
    r"\s*(?:和|跟|与|(?<!不)同(?!时|样|一)|以及|还是|、|(?<![对相])比(?!\s*$|[较起如例率特重])|"
    r"(?<![a-z])(?:vs\.?|versus)(?![a-z]))\s*"
)
CHOICE = re.compile(
    r"区别|不同(?!的)|差别|差异|异同|不一样|优劣|差距|差多少|差在|好在|强在|哪个|哪种|哪一|选哪|用哪|谁|怎么选|如何选|"
    r"还是.*(?:好|合适|划算|省|快|准|强)|比较|相比|对比|vs|versus|(?<![对相])比(?:起来)?\s*(?:$|呢|[好差强快慢省贵更])"
)
SIDE_END = re.compile(
    rf"(?:之间|两者|两种|分别|各自|相?比|先|该|我|有|上|的)*\s*(?:{PREDICATE.pattern}|{CHOICE.pattern}).*$"
)
ENGLISH_SIDE = r"([^?,;!]{1,30}?)"
ENGLISH_END = r"(?=\s*[?,;!]|\.(?:\s|$)|\s*$|\s(?:in|for|on|when|which|if)\s)"
ENGLISH_COMPARED = tuple(
    re.compile(pattern.replace("X", ENGLISH_SIDE) + ENGLISH_END)
    for pattern in (
        r"\b(?:differences?|trade-?offs?|comparison|choose) (?:between|of) X (?:and|or|vs\.?|versus) X",
        r"\bcompare X (?:and|with|to|against|vs\.?) X",
        r"^(?:which is better,? |what about )?X (?:vs\.?|versus|compared (?:to|with)) X",
        r"\bhow (?:is|are|does|do) X (?:different|differ|compare) (?:from|to|with) X",
        r"\bwhich\b[^,]*, X or X",
        r"\b(?:is|are) X (?:better|worse|faster|slower|cheaper|more \w+) than X",
    )
)  # fmt: skip

MARKS = (
    r"还有(?:就是)?(?![哪什啥没])|另外|顺便|同时|以及|再问|(?<=[\s,，?.])(?:and also|also|by the way|btw|and)(?=[\s,])"
)
BREAK = re.compile(
    rf"(?P<marked>[\s,，;；。.？?！!]{{0,9}}(?:{MARKS})(?:想?问(?:一下|下|问)?)?[\s,，:：]*)|(?P<strong>[;；。？?！!\n]+\s*)|"
    rf"[,，]\s*|(?<=[{HAN}])\s+(?=\S)"
)


def sides(question: str) -> tuple[str, ...]:
    """Returns what is compared with each other, as typed: two or three, or none when nothing is."""
    if len(question) > QUESTION_CHARACTERS:
        return ()
    text, plain = aligned(question)
    for pattern in ENGLISH_COMPARED:
        if match := pattern.search(plain):
            return _named(text, plain, (match.span(1), match.span(2)))
    for clause in CLAUSE.finditer(plain):
        start, end = clause.span()
        following = CLAUSE.search(plain, end)
        chosen = CHOICE.search(clause.group()) or (following and CHOICE.search(following.group()))
        if chosen and (found := _named(text, plain, tuple(_joined(plain, start, end)))):
            return found
    return ()


def _joined(plain: str, start: int, end: int) -> Iterator[Span]:
    start = skip(LEAD, plain, start)
    for join in JOIN.finditer(plain, start, end):
        yield start, join.start()
        start = join.end()
    yield start, end


def _named(text: str, plain: str, spans: tuple[Span, ...]) -> tuple[str, ...]:
    """Returns the spans without what is asked of them; none unless two or three are names."""
    found = []
    for start, end in spans:
        closing = SIDE_END.search(plain, start, end)
        found.append(text[start : closing.start() if closing else end].strip(" 的"))
    are_names = all(has_topic(side) and len(side) <= SIDE_CHARACTERS for side in found)
    return tuple(found) if 2 <= len(found) <= MAX_PARTS and are_names else ()


def questions(question: str) -> tuple[str, ...]:
    """Returns the questions of a message that asks two or three, as typed; none when it asks one."""
    if len(question) > QUESTION_CHARACTERS:
        return ()
    text, plain = aligned(question)
    found: list[str] = []
    start = 0
    for match in BREAK.finditer(plain):
        left, right = plain[start : match.start()], CLAUSE.match(plain, match.end())
        if right and _is_question(left) and _is_question(right.group()) and _is_another(right.group(), match):
            found.append(text[start : match.start()])
            start = match.end()
    found.append(text[start:])
    return tuple(part.strip(PUNCTUATION) for part in found) if 2 <= len(found) <= MAX_PARTS else ()


def _is_question(clause: str) -> bool:
    return ASKS.search(clause) is not None and has_topic(clause)


def _is_another(clause: str, before: re.Match[str]) -> bool:
    """Says whether a new question begins behind the break: after a comma 怎么发现 goes on about the same."""
    if before["marked"] or before["strong"]:
        return is_chinese(clause) or STARTS_ASKING_ENGLISH.match(clause) is not None
    return is_chinese(clause) and STARTS_ASKING.match(clause) is None
