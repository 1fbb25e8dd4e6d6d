"""What a question means after the ones before it: 它有什么缺点 → LoRA 有什么缺点. Pure text, it knows no index.

Forms are proposed here; whether the person went on or began something new is told by what the notes hold.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from rag.question.decomposition import sides
from rag.question.frames import (
    ASKS,
    FACETS,
    PUNCTUATION,
    QUESTION_CHARACTERS,
    aligned,
    has_subject,
    has_topic,
    skip,
    topic,
)
from rag.text.normal import HAN, is_chinese, normalize
from rag.types import Earlier, Span

TURNS = 4  # what was asked longer ago is not what 它 means
GOES_ON_CHARACTERS = 40  # a longer question says what it is about
BARE_CHARACTERS = 12  # and one without a hint that is longer than this
FRAGMENT_CHARACTERS = 24  # 那 X 呢 with a longer X says something of its own
TOPICS = 2  # that a pronoun may mean; each costs one more search
ALIKE = 0.6  # share of X that must stand in the earlier question to take its place there: 第三阶段 for 第一阶段

NOUN = "方法|做法|办法|算法|模型|技术|机制|策略|函数|架构|结构|操作|方案|技巧|思路|东西|概念"
ENGLISH_NOUN = "method|approach|technique|model|algorithm|one|thing"
PRONOUN = re.compile(
    rf"(?:这|那|该|此|上述|上面|刚才)(?:说?的)?(?:种|个|类|些|项|套)?(?:{NOUN})|(?<![其吉])[它牠他她][们俩]?|"
    rf"(?<![尤极与及])其(?![实中他它余次间])|"
    rf"这(?:[种些样](?!\s*[a-z])|玩意儿?|(?=[是会能有要怎为]))|那种(?!\s*[a-z])|"
    rf"[这那]个(?=[是会能有要怎为呢吗吧在用多几哪什放可需和跟比]|\W*$)|"  # 那个女医生 is no pronoun
    rf"\b(?:this|that|these|those|the same)\s(?:{ENGLISH_NOUN})s?\b|(?<![a-z])(?:its|these|those|their)(?![a-z])|"
    rf"(?<![a-z])it(?![a-z]|\s(?:true|better to|possible|worth|necessary|important|ok|common|matters?|takes?)\b)|"
    rf"\b(?:this|that)\b(?=\W*$|\s(?:is|works?|means?|helps?|matters?)\b)"
)
BOTH = re.compile(
    r"[它他](?:们|俩)(?:两个|俩)?(?:之间)?|[两二]者(?:之间)?|这?俩|[这那]两(?:个|种|者)|"
    r"\b(?:they|them|both|the two|these two)\b"
)
FORMER = re.compile(r"前(?:者|一[个种])|第一[个种]|\bthe (?:former|first one)\b")
LATTER = re.compile(r"后(?:者|一[个种])|第二[个种]|\bthe (?:latter|second one)\b")

HINT = re.compile(  # 之后 at the beginning of a clause: after it, it is said after what
    r"也|还有|后来|接着|(?<![^\s,，。?？!！;；那这])之后|其中|她|(?<![其吉])他|"
    r"(?<![a-z])(?:too|also|she|he|her|him|his)(?![a-z])"
)
POINTER = re.compile(  # it may point out of the question where nothing before it has a topic
    r"[它牠]|[这那](?:[种些样边里么次]|(?=[是会能有要]))|"
    r"(?<![a-z])(?:it|its|they|them|their|this|these|those|there(?=\W*$)|"
    r"(?:for|with|after|before|of|does|do|is|was|about|like|on|to|in) that)(?![a-z])"
)
ORDINAL = re.compile(
    r"第(?:[一二三四五六七八九十]|\d+)\s*[点步条项个种类]|\b(?:step|point|number)\s\d|"
    r"\bthe (?:first|second|third|fourth|fifth|last) (?:one|step|point|item|reason|way)\b"
)
FILLER = re.compile(r"(?:[嗯哦呃啊]+|好的?(?=[\s,，])|那个(?=[\s,，、])|ok(?:ay)?\b)[\s,，、]*")
OPENING = re.compile(
    r"(?:那么?(?![个些种样里边两几])|然后|还有|另外|而且|不过|但是?|如果(?:是|换成)|换成|"
    r"(?:what|how) about\b|and\b|but\b|so\b|then\b|also\b)[\s,，]*"
)
CLOSER_LOOK = re.compile(r"具体|详细|展开|继续|再|more (?:detail|about)|in detail|for example")
FRAGMENT = re.compile(r"(?P<what>.+?)\s*(?P<particle>又?呢)?[\s。.？?！!~～]*")
PREPOSITION = re.compile(r"(?:with|without|for|in|on|at|under|after|before|during)\b")
VERSUS = re.compile(
    r"(?:和|跟|与|同(?![一样时])|比起|相比于?|相较于?|对比|compared (?:to|with)|vs\.?|versus)\s*"
    r"(?P<other>[^,，;；。？?！!]+?)的?\s*"
    r"(?:(?P<by>相?比(?:较|起来)?|相较)[\s,，]*|"
    r"(?=(?:之间)?(?:有|的)?(?:什么|啥|何)?(?:区别|不同|差别|差异|不一样|差多少)|哪|谁|怎么选|又?呢))(?P<asked>.*)"
)
VERSUS_ONLY = re.compile(
    r"(?:compared (?:to|with)|vs\.?|versus)\s+(?P<other>[^,，;；。？?！!]+?)(?P<by>)(?P<asked>\W*)"
)
SAME = re.compile(r"[\s，,呢怎么样如何？?。.！!]*")  # 和 RoPE 比呢: nothing more is asked than the difference
WHY = re.compile(r"(?:这?(?:又?是)?(?:为什么|为啥|为何|原因|理由|why)(?: is that| so)?)\s*(?:呢|啊)?\W*")
HAN_FIRST, CLOSES = re.compile(f"[{HAN}]"), re.compile(r"[^\w(\[{<“]")
TOUCHES = re.compile(f"[{HAN}，。；：？！》」』”）]")
PARTICLE = re.compile(r"\s*[呢吗啊]?\W*")
IS_FACET = re.compile(FACETS)
WORD = re.compile(r"[a-z0-9][a-z0-9@._+-]*")


class Cue(enum.Enum):
    """How plainly a question says that it goes on from the ones before."""

    NONE = enum.auto()
    POSSIBLE = enum.auto()  # it is short and begins with nothing that it could be about: 头一个小时多少钱
    HINTED = enum.auto()  # it begins with 那 or has 也 or a pronoun, and names something of its own
    PLAIN = enum.auto()  # 它 without anything before it, 那 X 呢
    NEEDED = enum.auto()  # it names no topic: alone it asks nothing


@dataclass(frozen=True, slots=True)
class Form:
    """One way in which a question may be meant, and what it is then about."""

    text: str
    topic: str


@dataclass(frozen=True, slots=True)
class Resolved:
    """A question in its conversation: how it may be meant, the likeliest first; no `forms` without a cue."""

    forms: tuple[Form, ...]
    cue: Cue


ALONE = Resolved((), Cue.NONE)


def resolve(question: str, earlier: Sequence[Earlier]) -> Resolved:
    """Returns what `question` may mean after `earlier`, the oldest first."""
    question = question.strip()
    said_before = [_Before.of(one) for one in earlier[-TURNS:] if len(one.typed) <= QUESTION_CHARACTERS]
    before = [one for one in reversed(said_before) if one.topic]
    if not before or not question or len(question) > QUESTION_CHARACTERS:
        return ALONE
    text, plain = aligned(question)
    filler = skip(FILLER, plain)
    start = skip(OPENING, plain, filler)
    said = _Said(text[start:], plain[start:], start > filler, tuple(before))
    for rule in (_why, _both, _ordinal, _versus, _pronoun, _fragment):
        if resolved := rule(said):
            return resolved
    subject = said.subjects[0]
    forms = Form(_about(subject, said.text), subject), Form(f"{said.previous} {said.text}", subject)
    if not has_topic(said.plain) or CLOSER_LOOK.match(said.plain):
        return Resolved(forms, Cue.NEEDED)
    if len(plain) > GOES_ON_CHARACTERS or normalize(subject) in plain:
        return ALONE
    if said.goes_on or HINT.search(said.plain) or _pointing(POINTER, said.plain):
        return Resolved(forms, Cue.HINTED)
    is_bare = len(plain) <= BARE_CHARACTERS and not has_subject(said.text)
    return Resolved(forms, Cue.POSSIBLE) if is_bare and ASKS.search(plain) else ALONE


@dataclass(frozen=True, slots=True)
class _Before:
    """An earlier question and its topic; `names_it` is False when the topic was understood from those before it."""

    typed: str
    topic: str
    names_it: bool

    @classmethod
    def of(cls, earlier: Earlier) -> _Before:
        typed = earlier.typed.strip()
        return cls(typed, earlier.topic, False) if earlier.topic else cls(typed, topic(typed), True)

    @property
    def in_full(self) -> str:
        """The question as it reads on its own."""
        return self.typed if self.names_it else _about(self.topic, self.typed)


@dataclass(frozen=True, slots=True)
class _Said:
    """A question without its opening, in its two forms (see `aligned`), and what it may go on from.

    `before` are the earlier questions that have a topic, the last first; there is at least one.
    """

    text: str
    plain: str
    goes_on: bool
    before: tuple[_Before, ...]

    @property
    def subjects(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(one.topic for one in self.before))

    @property
    def previous(self) -> str:
        return self.before[0].in_full

    @property
    def frame(self) -> _Before:
        """The last question that says all it asks: what 那 X 呢 asks of X."""
        return next((one for one in self.before if one.names_it), self.before[0])


def _why(said: _Said) -> Resolved | None:
    if not WHY.fullmatch(said.plain):
        return None
    why = "，为什么" if is_chinese(said.previous) else ", why"
    return Resolved((Form(said.previous.rstrip(PUNCTUATION) + why, said.subjects[0]),), Cue.NEEDED)


def _both(said: _Said) -> Resolved | None:
    first, second = _pair(said)
    for pattern, meant in ((FORMER, first), (LATTER, second), (BOTH, _spaced(first, _and(said), second))):
        match = _pointing(pattern, said.plain) if pattern is BOTH else pattern.search(said.plain)
        if second and match:
            return Resolved((Form(_put(meant, said.text, match.span()), meant),), Cue.PLAIN)
    return None


def _pair(said: _Said) -> tuple[str, str]:
    """Returns the two that were spoken of last, in the order they were named; the second is empty if there is one."""
    if compared := sides(said.previous) or sides(f"{said.subjects[0]}的区别"):
        return compared[0], compared[-1]
    if other := _other(said.before[0].typed):
        return said.subjects[0], other
    return (said.subjects[1], said.subjects[0]) if len(said.subjects) > 1 else (said.subjects[0], "")


def _ordinal(said: _Said) -> Resolved | None:
    """第二点展开说说: it stands in the answer to the question before, and only that tells which."""
    match = ORDINAL.search(said.plain)
    if not match or has_topic(ORDINAL.sub("", said.plain)):
        return None
    comma = "，" if is_chinese(said.text) else ", "
    form = Form(f"{said.previous.rstrip(PUNCTUATION)}{comma}{said.text}", said.subjects[0])
    return Resolved((form,), Cue.NEEDED)


def _versus(said: _Said) -> Resolved | None:
    match = VERSUS.match(said.plain) or VERSUS_ONLY.fullmatch(said.plain)
    if not match:
        return None
    one, other = said.subjects[0], said.text[slice(*match.span("other"))].strip()
    if PRONOUN.fullmatch(match["other"]):
        one, other = _pair(said)
    asked = said.text[slice(*match.span("asked"))]
    if SAME.fullmatch(match["asked"]):
        asked = "有什么区别" if is_chinese(said.text) else "difference"
    elif match["by"]:
        asked = f"比，{asked}"
    form = Form(_spaced(one, _and(said), other, asked), one)
    if not other:
        return None
    return Resolved((form,), Cue.POSSIBLE if match["by"] and has_topic(match["asked"]) else Cue.NEEDED)


def _other(typed: str) -> str:
    """Returns what an earlier question compares its topic with: RoPE of 和 RoPE 比呢."""
    text, plain = aligned(typed)
    start = skip(OPENING, plain)
    match = VERSUS.match(plain, start)
    return text[slice(*match.span("other"))].strip() if match else ""


def _pronoun(said: _Said) -> Resolved | None:
    match = _pointing(PRONOUN, said.plain)
    if not match:
        return None
    owner = "'s" if match.group() in ("its", "their") else ""
    meant = said.subjects[:TOPICS]
    forms = (Form(_put(subject + owner, said.text, match.span()), subject) for subject in meant)
    return Resolved(tuple(forms), Cue.PLAIN)


def _pointing(pattern: re.Pattern[str], plain: str) -> re.Match[str] | None:
    """Returns the pronoun that points out of the question; one behind a topic means that topic."""
    match = pattern.search(plain)
    return match if match and not has_topic(plain[: match.start()]) else None


def _fragment(said: _Said) -> Resolved | None:
    """那 X 呢: X takes the place of what is like it in the earlier question, or is a side of its topic."""
    match = FRAGMENT.fullmatch(said.plain) if len(said.plain) <= FRAGMENT_CHARACTERS else None
    if not match or ASKS.search(match["what"]):
        return None
    what = said.text[: match.end("what")]
    subject = said.subjects[0]
    if PREPOSITION.match(said.plain):
        return Resolved((Form(f"{said.previous.rstrip(PUNCTUATION)} {what}", subject),), Cue.PLAIN)
    side = Form(_about(subject, what), subject)
    if not has_topic(what):
        return Resolved((side,), Cue.NEEDED)
    if not said.goes_on and not match["particle"]:
        return None
    replaced = _replaced(said.frame, what)
    form = Form(replaced, topic(replaced) or what)
    return Resolved((form,) if WORD.search(match["what"]) else (form, side), Cue.PLAIN)


def _put(meant: str, text: str, place: Span) -> str:
    """Returns `text` with what is meant in that place; 它呢 is no more than what is meant."""
    before, after = text[: place[0]], text[place[1] :]
    return _spaced(before, meant, "" if PARTICLE.fullmatch(normalize(after)) else after)


def _replaced(frame: _Before, what: str) -> str:
    """Returns the earlier question with `what` in the place of the word most like it, or else of its topic.

    西语的 after 日语课星期几 is 西语课: it takes the place of the beginning of the topic.
    """
    text, plain = aligned(frame.typed)
    words = [match.span() for match in WORD.finditer(plain)] if WORD.search(normalize(what)) else []
    likeness, span = max(((_likeness(plain[slice(*word)], what), word) for word in words), default=(0.0, (0, 0)))
    if likeness < ALIKE and not words:
        likeness, span = _alike(plain, normalize(what).removesuffix("的"))
    if likeness < ALIKE:
        start, length = text.find(frame.topic), len(frame.topic)
        if what.endswith("的") and length >= len(what) > 1:
            what = what[:-1]
            length = len(what)
        span = start, start + length
    return _put(what, text, span)


def _likeness(one: str, other: str) -> float:
    return SequenceMatcher(None, one, normalize(other)).ratio()


def _alike(plain: str, what: str) -> tuple[float, Span]:
    """Returns the stretch of `plain` that shares the most characters with `what`, and how large a share they are."""
    blocks = SequenceMatcher(None, plain, what, autojunk=False).get_matching_blocks()[:-1]
    if not blocks or blocks[-1].a + blocks[-1].size - blocks[0].a > len(what) + 1:
        return 0.0, (0, 0)
    return sum(block.size for block in blocks) / len(what), (blocks[0].a, blocks[-1].a + blocks[-1].size)


def _about(subject: str, question: str) -> str:
    if not is_chinese(question):
        return f"{subject}: {question}"
    return _spaced(subject, "的" if IS_FACET.fullmatch(normalize(question)) else "", question)


def _and(said: _Said) -> str:
    return "和" if is_chinese(said.text) else "and"


def _spaced(*pieces: str) -> str:
    """Joins pieces with a space, except between Han characters and before punctuation."""
    joined = ""
    for piece in filter(None, map(str.strip, pieces)):
        is_close = TOUCHES.search(joined[-1:]) and HAN_FIRST.match(piece)
        joined += piece if not joined or is_close or CLOSES.match(piece) else f" {piece}"
    return joined
