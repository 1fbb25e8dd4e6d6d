"""The forms in which people write questions, answers, numbers and sections."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rag.text.markdown import plain, unbold

HEADING_CHARACTERS = 200  # a longer "heading" is prose with a mark before it by accident
SECTION_CHARACTERS = 40  # plain text has no heading marks, so only a short line counts as one

# Levels below the six of Markdown, so that plain text sections nest under Markdown headings.
CHAPTER, NUMERAL, PARENTHESIS, QUESTION = 7, 8, 9, 10

HAN_NUMBER = "[一二三四五六七八九十百零〇]+"
SENTENCE_ENDS = ("。", ".", "！", "!", "？", "?", "；", ";")
CLOSERS = " \t\u3000*_)）】]”’」』\"'"

MARKER = re.compile(
    r"\s*(?:[-*+]\s+|>\s*)?(?:\*\*|__|【|\[)?"
    r"(?:参考回答|参考答案|回答|解答|答案|答|解析|Answer|answer|Ans|A\d{0,3})"
    r"(?:(?:\*\*|__|】|\])?\s*[:：](?:\*\*|__)?|】(?:\*\*)?|\*\*(?=\s*$))\s*"
)
INLINE_ANSWER = re.compile(r"(?<=[?？])\s*(?=(?:\*\*)?(?:参考答案|回答|解答|答案|答|Answer|A)(?:\*\*)?\s*[:：])")

SECTIONS = (
    (CHAPTER, re.compile(rf"第\s*({HAN_NUMBER}|\d+)\s*(?:章|节|篇|讲|编|部分|单元)(?=[\s:：、.]|$)")),
    (CHAPTER, re.compile(r"(?:Chapter|Part|Section)\s+(\d+)\b")),
    (NUMERAL, re.compile(rf"({HAN_NUMBER})\s*[、.．]\s*(?=\S)")),
    (PARENTHESIS, re.compile(rf"[（(]({HAN_NUMBER})[)）]\s*(?=\S)")),
)
ATX = re.compile(r" {0,3}(#{1,6})[ \t]+(?=\S)")
TIGHT_ATX = re.compile(r" {0,3}(#{2,6})(?=[^#\s])")  # "##标题": no heading to CommonMark, one to whoever wrote it
BULLET = re.compile(r"\s*[-*+•·]\s+")
ITEM = re.compile(r"(?:[-*+•·]\s|[（(]?\d{1,3}[.．、)）](?!\d)|\|)")
RULE = re.compile(r"\s*(?:[-*_=]\s*){3,}$")
WORDS = re.compile(r"\w")

ASKED = re.compile(
    r"(?P<style>Q|q|问题|问|提问|Question)\s*(?P<number>\d{0,3})\s*(?:[:：]|(?<=\d)[.、](?!\d)|\.(?=\s))(?:\*\*)?\s*(?=\S)"
)
NUMBERED = re.compile(
    r"(?:第\s*)?(?P<open>[(（]?)(?P<number>\d{1,3}(?:\.[1-9]\d{0,2})*)"
    # after a blank alone, "3 种方法" counts something, it is not number 3 of a list
    r"(?P<style>\s*[题问]?[.．、)）:：](?!\d)|\s+(?![种个类步次年层位倍点维张条天月日时分秒]))\s*(?=\S)"
)
ORDINAL = re.compile(rf"(?:第\s*)?(?:{HAN_NUMBER}\s*[、.．]|[（(]{HAN_NUMBER}[)）])\s*")
REQUEST = re.compile(r"请(?![求假柬客教])|简述|简要|阐述|试述|论述|列举|(?:Please|Explain|Describe|Compare)\s+\w")
OPENER = re.compile(
    r"什么|如何|为什么|为何|为啥|怎么|怎样|哪些|哪个|哪种|是否|能否|说说|谈谈|讲讲|介绍[一下]|解释[一下]|讲[一下]|说[一下]|对比一?下|"
    r"(?:What|Why|How|When|Where|Which|Who|Is|Are|Does|Do|Can|Should)\s+\w"
)
ENDER = re.compile(r"(?:是什么|是啥|有哪些|为什么|怎么[^，,。]{1,4}|吗|呢|(?:讲|解释|介绍|描述|说)一?下)$")
DECORATION = re.compile(r"^[^\w\s(（\[【《“\"'「『<$`*.#-]+\s*")


@dataclass(frozen=True, slots=True)
class Ask:
    """A line in the form of a question; `style` is what stands around its number, `text` the question itself."""

    style: str
    number: int
    text: str
    reads: bool  # as a question, by its words
    answered: bool  # on the same line


def is_marker(line: str) -> bool:
    return MARKER.match(line) is not None


def says_nothing(line: str) -> bool:
    """Says whether a line that is not blank is a rule, or announces an answer that is not there."""
    return RULE.match(line) is not None or is_bare_marker(line)


def is_bare_marker(line: str) -> bool:
    return is_marker(line) and not MARKER.sub("", line, count=1).strip()


def parse_ask(line: str) -> Ask | None:
    """Returns `line` taken as a question: "1. …", "Q1: …", "- …？" or a plain line; None when nothing is left of it."""
    line, *answer = INLINE_ANSWER.split(line, maxsplit=1)
    is_bullet = BULLET.match(line) is not None
    bare = unbold(BULLET.sub("", line, count=1) if is_bullet else line)
    bare = DECORATION.sub("", bare)
    style, number = "-" if is_bullet else "", 0
    if match := ASKED.match(bare):
        style, number = {"问题": "问题", "问": "问", "提问": "问"}.get(match["style"], "Q"), int(match["number"] or 0)
        bare = bare[match.end() :]
    elif (match := NUMBERED.match(bare)) and not is_bullet:
        style, number = match["open"] + match["style"].strip() or " ", int(match["number"].rsplit(".", 1)[-1])
        bare = bare[match.end() :]
    text = DECORATION.sub("", plain(unnumbered(bare) if style == "-" else bare))
    if not text or len(text) > HEADING_CHARACTERS:
        return None
    if style == " " and not text.endswith(("?", "？")):
        return None
    return Ask(style, number, text, reads_as_question(text), bool(answer))


def section_number(line: str) -> tuple[int, int]:
    """Returns level and number of a plain text section, (0, 0) when `line` is none."""
    for level, pattern in SECTIONS:
        if match := pattern.match(line):
            return level, _han_number(match[1])
    return 0, 0


def _han_number(numeral: str) -> int:
    """Returns 1 for 一, 12 for 十二, 25 for 二十五; beyond 99 the order of sections does not matter."""
    if numeral.isdecimal():
        return int(numeral)
    digits = "零一二三四五六七八九"
    tens, ten, ones = numeral.rpartition("十")
    return (max(digits.find(tens[-1:]), 1) * 10 if ten else 0) + max(digits.find(ones[-1:] or "零"), 0)


def reads_as_question(text: str) -> bool:
    """Says whether `text` reads as a question or a request to explain."""
    core = text.rstrip(CLOSERS)
    if core.endswith(("?", "？")):
        return True
    if len(core) > 2 * SECTION_CHARACTERS and not REQUEST.match(core):
        return False
    if re.search(r"[:：].*\w", core):
        return False  # "如何优化：剪枝和量化" says it
    if REQUEST.match(core):
        return True
    return not core.endswith(tuple("。.；;！!，,")) and bool(OPENER.match(core) or ENDER.search(core))


def unnumbered(text: str) -> str:
    return ORDINAL.sub("", text, count=1) if ORDINAL.match(text) else NUMBERED.sub("", text, count=1)


def indent(line: str) -> int:
    return len(line) - len(line.lstrip())
