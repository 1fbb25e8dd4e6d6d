"""The forms in which people write questions, answers, numbers and sections."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from rag.text.markdown import plain, unbold

HEADING_CHARACTERS = 200  # a longer "heading" is prose with a mark before it by accident
SECTION_CHARACTERS = 40  # plain text has no heading marks, so only a short line counts as one

# Levels below the six of Markdown, so that plain text sections nest under Markdown headings.
CHAPTER, NUMERAL, PARENTHESIS, QUESTION = 7, 8, 9, 10

HAN_NUMBER = "[一二三四五六七八九十百零〇]+"
SENTENCE_ENDS = ("。", ".", "！", "!", "？", "?", "；", ";")
CLOSERS = " \t\u3000*_)）】]”’」』\"'"

ANSWER = r"(?:参考|正确)?(?:回答|解答|答案)|答|解析|反面|背面|[Aa]nswers?|Ans|Solution|Back"
MARKER = re.compile(
    r"\s*(?:[-*+]\s+|>\s*)?(?:\*\*|__|【|\[)?"
    rf"(?:{ANSWER}|A)\d{{0,3}}"
    r"(?:(?:\*\*|__|】|\])?\s*[:：](?:\*\*|__)?|】(?:\*\*)?|\*\*(?=\s*$))\s*"
)
ANSWER_HEADING = re.compile(rf"\W*(?:{ANSWER})\s*\d*\W*")  # "### 答案": no heading, the answer of the one above
ANSWER_LINE = re.compile(rf"^[ \t]*(?:[-*+][ \t]+)?#{{1,6}}[ \t]*(?:{ANSWER})\W*$\n?", re.MULTILINE)
CHOSEN = re.compile(
    r"[A-H](?:[,，、 ]*[A-H])*(?:\*\*|__)?[ \t]*(?=$|[\n。.，,；;：:（(])"
)  # "B" says nothing without "答案："
UNFOLD = re.compile(r"\s*<details\b[^<>]*>\s*<summary\b[^<>]*>(?P<summary>[^\n]{0,80}?)</summary>", re.IGNORECASE)
FOLDS = re.compile(r"<details\b[^<>]*>|</(?P<close>details)\s*>", re.IGNORECASE)
SOLUTION = re.compile(rf"^(?={MARKER.pattern}|[ \t]*#{{1,6}}[ \t]*(?:{ANSWER}))", re.MULTILINE)
ASK_HEADING = re.compile(r"\W*(?:问题|题目|提问|第\s*\d+\s*题|Question|Q)\s*\d*\W*")  # the question stands below it
INLINE_ANSWER = re.compile(r"(?<=[?？])\s*(?=(?:\*\*)?(?:参考答案|回答|解答|答案|答|Answer|A)(?:\*\*)?\s*[:：])")

SECTIONS = (
    (CHAPTER, re.compile(rf"第\s*({HAN_NUMBER}|\d+)\s*(?:章|节|篇|讲|编|部分|单元)(?=[\s:：、.]|$)")),
    (CHAPTER, re.compile(r"(?:Chapter|Part|Section)\s+(\d+)\b")),
    (NUMERAL, re.compile(rf"({HAN_NUMBER})\s*[、.．]\s*(?=\S)")),
    (PARENTHESIS, re.compile(rf"[（(]({HAN_NUMBER})[)）]\s*(?=\S)")),
)
ATX = re.compile(r" {0,3}(#{1,6})[ \t]+(?=\S)")
HEADING_LEAD = re.compile(r"\s*(?:(?:[-*+]|\d{1,3}[.)])\s+)*(?:\[[ xX]\]\s+)?#{1,6}\s*|\s*")
TIGHT_ATX = re.compile(r" {0,3}(#{2,6})(?=[^#\s])")  # "##标题": no heading to CommonMark, one to whoever wrote it
BULLET = re.compile(r"\s*[-*+•·]\s+")
ITEM = re.compile(r"(?:[-*+•·]\s|[（(]?\d{1,3}[.．、)）](?!\d)|\|)")
ITEM_MARK = re.compile(r"\s*(?:[-*+•·]|\d{1,3}[.)、])[ \t]+(?=\S)")
QUOTE = re.compile(r"\s{0,3}>[ \t]?")
FOLD = re.compile(  # what says only that something can be unfolded
    rf"\W*(?:(?:点击|点开|点我)?(?:查看|展开|显示|看)?(?:{ANSWER}|更多|详情)?|(?:click\s+to\s+)?(?:show|see|view|reveal)?"
    r"\s*(?:the\s+)?(?:answers?|solution|details|more)?)\W*",
    re.IGNORECASE,
)
RULE = re.compile(r"\s*(?:[-*_=]\s*){3,}$")
WORDS = re.compile(r"\w")
# What a question gives to choose from: one a line, or all on one.
OPTION = re.compile(
    r"\s*(?:[-*+]\s+)?(?:\[[ xX]\]\s+)?[（(]?(?P<letter>[A-Ha-h])[)）.．、:：](?=\s*\S)"
)  # of several to choose from
MOST_OPTIONS = 20  # lines of them, with blank ones
GAP = re.compile(r"[（(]\s*[)）]|_{2,}|下列|以下(?:哪|[^。]{0,20}的是)")
OPTIONS = re.compile(r"(?<!\w)[Aa][)）.．、:：]\s*\S.*(?<!\w)[Bb][)）.．、:：]\s*\S")

# What notes and their programs set around a question: it is no part of what is asked.
LEAD_LABEL = re.compile(r"\s*(?:\[[ xX/-]\]\s+|\[![\w-]+\][-+]?\s*|(?:TODO|DONE|DOING|LATER|NOW|WAITING)\s+(?=\S))+")
CARD_TAG = re.compile(r"(?<!\S)#(?:\[\[)?(?:flash)?cards?(?:[/-][\w/-]+)?(?:\]\])?(?!\S)")
TAIL_LABEL = re.compile(rf"\s*(?:\{{[#.:][^}}]*\}}|{CARD_TAG.pattern}|(?<=\s)\^[\w-]+)\s*$")

ASKED = re.compile(
    r"[【\[]?(?P<style>Q|q|问题|问|提问|题目|正面|Question|Front)\s*(?P<number>\d{0,3})\s*"
    r"(?:[】\]]\s*[:：]?|[:：]|(?<=\d)[.、)）](?!\d)|\.(?=\s))(?:\*\*)?\s*(?=\S)"
)
# After a blank alone, "3 种方法" counts something and "1.7 和 1.8" names it: neither is number 3 or 1.7 of a list.
COUNTED = "种个类步次年层位倍点维张条天月日时分秒课章节集期版代楼号路元块岁台件页行列度段篇届周斤克瓶杯份"
JOINED = "和与跟及到至或比还"
NUMBERED = re.compile(
    r"(?:第\s*(?=\d+\s*[题问.．、)）:：]))?(?P<open>[(（]?)(?P<number>\d{1,3}(?:\.[1-9]\d{0,2})*)"
    rf"(?P<style>\s*[题问]?[.．、)）:：](?!\d)|\s+(?![{COUNTED}{JOINED}]|(?:and|or|vs|to)\b))\s*(?=\S)"
)
CIRCLED = re.compile(r"(?P<number>[①-⑳⑴-⒇⒈-⒛㉑-㉟❶-❿㊀-㊉])\s*[.．、:：]?\s*(?=\S)")
ORDINAL = re.compile(rf"(?:第\s*)?(?:{HAN_NUMBER}\s*[、.．]|[（(]{HAN_NUMBER}[)）])\s*")
STYLES = {"问题": "问题", "题目": "问题", "问": "问", "提问": "问"}
BOLD_ASK = re.compile(
    r"(?P<lead>\s*(?:[-*+•·]\s+|>\s*)?(?:\d{1,3}[.．、)）]\s*)?)(?P<mark>\*\*|__)(?P<question>[^*_\n]{2,200})(?P=mark)"
    r"\s*[:：]?\s*(?P<answer>\S)"
)
REQUEST = re.compile(r"请(?![求假柬客教])|简述|简要|阐述|试述|论述|列举|(?:Please|Explain|Describe|Compare)\s+\w")
OPENER = re.compile(
    r"什么|如何|为什么|为何|为啥|怎么|怎样|哪些|哪个|哪种|是否|能否|说说|谈谈|讲讲|介绍[一下]|解释[一下]|讲[一下]|说[一下]|对比一?下|"
    r"(?:What|Why|How|When|Where|Which|Who|Is|Are|Does|Do|Can|Should)\s+\w"
)
ENDER = re.compile(
    r"(?:是什么|是啥|有哪些|为什么|怎么[^，,。]{1,4}|吗|呢|(?:讲|解释|介绍|描述|说)一?下|有(?:什么|啥|何|多大|多少)"
    r"(?:区别|不同|差别|差异|关系|联系|作用|用处?|优势|优点|缺点|好处|影响|要求|条件|办法|特点)|多少钱?|多久|几点)$"
)
DECORATION = re.compile(r"^[^\w\s(（\[【《“\"'「『<$`*.#-]+\s*")


@dataclass(frozen=True, slots=True)
class Ask:
    """A line in the form of a question; `style` is what stands around its number, `text` the question itself."""

    style: str
    number: int
    text: str
    reads: bool  # as a question, by its words or by what stands below it
    answer: int | None = None  # where in the line its answer begins


def is_marker(line: str) -> bool:
    return MARKER.match(line) is not None


def says_nothing(line: str) -> bool:
    """Says whether a line that is not blank is a rule, or announces an answer that is not there."""
    return RULE.match(line) is not None or is_bare_marker(line)


def is_bare_marker(line: str) -> bool:
    return is_marker(line) and not MARKER.sub("", line, count=1).strip()


def parse_ask(line: str) -> Ask | None:
    """Returns `line` taken as a question: "1. …", "Q1: …", "- …？" or a plain line; None when nothing is left of it."""
    line, answer = _inline_answer(line)
    is_bullet = BULLET.match(line) is not None
    bare = unbold(unlabelled(BULLET.sub("", line, count=1) if is_bullet else line))
    bare = DECORATION.sub("", bare)
    style, number = "-" if is_bullet else "", 0
    if match := ASKED.match(bare):
        style, number = STYLES.get(match["style"], "Q"), int(match["number"] or 0)
        bare = bare[match.end() :]
    elif (match := NUMBERED.match(bare)) and not is_bullet:
        style, number = match["open"] + match["style"].strip() or " ", int(match["number"].rsplit(".", 1)[-1])
        bare = bare[match.end() :]
    elif (match := CIRCLED.match(bare)) and not is_bullet:
        style, number = "①", int(unicodedata.numeric(match["number"]))
        bare = bare[match.end() :]
    text = DECORATION.sub("", plain(unnumbered(bare) if style == "-" else bare))
    if not text or len(text) > HEADING_CHARACTERS:
        return None
    if style == " " and not text.endswith(("?", "？")):
        return None
    return Ask(style, number, text, reads_as_question(text), answer)


def _inline_answer(line: str) -> tuple[str, int | None]:
    """Returns the part of a line that asks, and where on it the answer begins: after "？答：", or behind bold."""
    if inline := INLINE_ANSWER.search(line):
        return line[: inline.start()], inline.end()
    if (bold := BOLD_ASK.match(line)) and reads_as_question(unnumbered(bold["question"].rstrip(" :："))):
        return f"{bold['lead']}{bold['question'].rstrip(' :：')}", bold.start("answer")
    return line, None


def unlabelled(text: str) -> str:
    """Returns a line without what notes and their programs set around it: `[ ]`, `[!faq]-`, `{#id}`, `#card`."""
    text = LEAD_LABEL.sub("", text, count=1) if LEAD_LABEL.match(text) else text
    while ("#" in text or "^" in text or "{" in text) and (label := TAIL_LABEL.search(text)):
        text = text[: label.start()]
    return text


def has_options(lines: Sequence[str], first: int) -> bool:
    """Says whether the lines from `first` are what a question gives to choose from: "A. …", "B. …"."""
    said = (line for line in itertools.islice(lines, first, None) if line.strip())
    above, below = next(said, ""), next(said, "")
    letters = [match["letter"].lower() for match in (OPTION.match(above), OPTION.match(below)) if match]
    return letters == ["a", "b"] or OPTIONS.search(above) is not None


def is_choice(lines: Sequence[str], i: int) -> bool:
    """Says whether line `i` asks to choose from what stands below it: other lists are A, B, C too."""
    if not has_options(lines, i + 1):
        return False
    if GAP.search(lines[i]):
        return True
    below = itertools.islice(lines, i + 1, i + MOST_OPTIONS)
    behind = next((line for line in below if line.strip() and not OPTION.match(line)), "")
    marker = MARKER.match(behind)
    return marker is not None and CHOSEN.match(behind, marker.end()) is not None


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
    for numbers in (ORDINAL, NUMBERED, CIRCLED):
        if match := numbers.match(text):
            return text[match.end() :]
    return text


def indent(line: str) -> int:
    """Returns how far a line is indented, in columns; wide and no-break blanks begin a paragraph and count nothing."""
    bare = line.lstrip(" \t")
    return len(line[: len(line) - len(bare)].expandtabs(4))
