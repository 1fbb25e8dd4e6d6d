"""Numbers that are names: dates, versions and addresses, however they are written. Expects text in normal form.

"1.3.2" is not "3.2.1" though both consist of the same numbers; 2018年4月9日, 2018-04-09 and 9 April 2018 are one date.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

YEAR, DAY = r"(?:19|20)\d\d", r"(?:0?[1-9]|[12]\d|3[01])"
MONTHS = "january february march april may june july august september october november december".split()
MONTH_NAME = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|"
    r"oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
MONTH = rf"\b(?P<month>{MONTH_NAME})\b\.?"
NTH = rf"(?P<day>{DAY})(?:st|nd|rd|th)?\b"
HAN = "[零〇一二三四五六七八九十廿]"
HAN_DIGITS = "零一二三四五六七八九"
NO_MORE = r"(?!\d|[./-]\d)"

MONTH_OF_YEAR = rf"(?P<month>\d\d?|{HAN}{{1,2}})\s*月"
DAY_OF_MONTH = rf"\s*(?P<day>\d\d?|{HAN}{{1,3}})\s*[日号]"
IN_CHINESE = (
    re.compile(rf"(?P<year>\d{{4}}|{HAN}{{4}})\s*年(?:\s*{MONTH_OF_YEAR}(?:{DAY_OF_MONTH})?)?"),
    re.compile(rf"(?<![\d年.]){MONTH_OF_YEAR}{DAY_OF_MONTH}"),
)
IN_ENGLISH = (
    re.compile(rf"\b{NTH}(?:\s+of)?\s+{MONTH}(?:,?\s+(?P<year>{YEAR})\b)?"),
    re.compile(rf"{MONTH}\s+{NTH}(?:,?\s+(?P<year>{YEAR})\b)?"),
    re.compile(rf"{MONTH},?\s+(?P<year>{YEAR})\b"),
)
IN_NUMBERS = re.compile(
    rf"(?<![\d./-])(?P<year>{YEAR})(?P<mark>[-/.])(?P<month>\d\d?)(?:(?P=mark)(?P<day>\d\d?))?{NO_MORE}"
)
NAMED_YEAR = re.compile(rf"\b(?:in|of|since|during|from|by|until)\s+(?P<year>{YEAR}){NO_MORE}")
ANY_YEAR = re.compile(rf"(?<![\d.])(?P<year>{YEAR})(?!\d|\.\d)")

NUMBER = r"\d{1,9}"  # longer ones count nothing
DOTTED = re.compile(rf"(?<![\d.]){NUMBER}(?:\.{NUMBER})+(?!\d|\.\d)")
VERSION = re.compile(
    rf"(?<![\w.])v(?:er(?:sion)?)?[.\s]?(?P<a>{NUMBER}(?:\.{NUMBER})*)(?!\w|\.\d)"
    rf"|(?<![\d.])(?P<b>{NUMBER}(?:\.{NUMBER}){{2,}})(?!\d|\.\d)"
    rf"|(?<![\d.])(?P<c>{NUMBER}\.{NUMBER})(?=\s*版(?!面))|版本号?\s*[是为:]?\s*(?P<d>{NUMBER}(?:\.{NUMBER})*)(?!\d)"
)
CLOCK = re.compile(r"(?<![\d:])0?(?P<hour>\d\d?):(?P<minute>\d\d)(?!\d)")
THOUSANDS = re.compile(r"(?<![\d,.])\d{1,3}(?:,\d{3})+(?![\d,])")
LONG = re.compile(  # of a telephone, an order, a card
    r"(?<![\d.-])(?:\d{7,}|\d{3,4}[- ]\d{7,8}|\d{3,4}(?:[- ]\d{3,4}){2,4})(?![\d-]|\.\d)"
)
JOINTS = re.compile(r"\D+")

NUMERAL = re.compile(r"\d|[年月]")
COMPOUND = re.compile(
    rf"\d[.:,/-]\d|\d{{5}}|[\d一二三四五六七八九十]\s*[年月]|\d\w{{0,2}}\s+(?:of\s+)?{MONTH_NAME}|{MONTH_NAME}\.?\s+\d"
)


@dataclass(frozen=True, slots=True)
class Date:
    """A day, a month, a year, or a day of any year; what is not said is 0."""

    year: int = 0
    month: int = 0
    day: int = 0

    def is_in(self, held: Date) -> bool:
        """Says whether another date can be this one: it tells the day if this does, and nothing in it differs."""
        told = zip((self.year, self.month, self.day), (held.year, held.month, held.day), strict=True)
        agrees = all(mine == other or not mine or not other for mine, other in told)
        return agrees and held.month >= min(self.month, 1) and held.day >= min(self.day, 1)


@dataclass(frozen=True, slots=True)
class Version:
    """The numbers of a version or an address; a shorter version is the name of all that begin with it."""

    numbers: tuple[int, ...]

    def is_in(self, held: Version) -> bool:
        longer = (*held.numbers, *(0,) * len(self.numbers))
        return longer[: len(self.numbers)] == self.numbers


def dates(normal: str) -> list[Date]:
    """Returns the dates in a text; a year stands for itself where a word says that it is one."""
    return [date for date, _ in _placed_dates(normal)]


def versions(normal: str) -> list[Version]:
    """Returns what a text calls a version, or writes as one or as an address: three numbers with dots, or more."""
    return [_version(match[match.lastgroup or 0]) for match in VERSION.finditer(normal) if not _is_date(match[0])]


def compounds(normal: str) -> Iterator[str]:
    """Yields the dates, versions, amounts and times of a text, each in one form: tokens beside those of its parts."""
    if not COMPOUND.search(normal):
        return
    for date in dates(normal):
        year, month, day = f"{date.year:04d}", f"{date.month:02d}", f"{date.day:02d}"
        if date.year and date.month:
            yield f"{year}-{month}"
        if date.day:
            yield f"{month}-{day}"
        if date.year and date.day:
            yield f"{year}-{month}-{day}"
    for match in DOTTED.finditer(normal) if "." in normal else ():
        numbers = match[0].split(".")
        yield match[0]
        if len(numbers) == 3:
            yield ".".join(numbers[:2])
    for match in CLOCK.finditer(normal) if ":" in normal else ():
        yield f"{int(match['hour'])}:{match['minute']}"
    for match in (*THOUSANDS.finditer(normal), *LONG.finditer(normal)):
        yield JOINTS.sub("", match[0])


@dataclass(frozen=True, slots=True)
class Named:
    """The dates, versions, addresses and long numbers that a question names."""

    dates: tuple[Date, ...]
    versions: tuple[Version, ...]
    numbers: frozenset[str]

    @classmethod
    def of(cls, asked: str) -> Named | None:
        """Returns what a question in normal form names, None for nothing."""
        if not NUMERAL.search(asked):
            return None
        named = cls(tuple(dates(asked)), tuple(versions(asked)), frozenset(_long_numbers(asked)))
        return named if named.dates or named.versions or named.numbers else None

    def is_lacking_in(self, held: str) -> bool:
        """Says whether a text in normal form does not have all of it.

        A year is lacking only where the text has others: few texts say of which year they are.
        """
        told = dates(held) if self.dates else []
        years = [Date(int(match["year"])) for match in ANY_YEAR.finditer(held)] if self.dates else []
        for date in self.dates:
            others = told if date.month else years
            if (others or date.month) and not any(map(date.is_in, others)):
                return True
        has = [_version(match[0]) for match in DOTTED.finditer(held)] + versions(held) if self.versions else []
        if not all(any(map(version.is_in, has)) for version in self.versions):
            return True
        return not self.numbers <= set(_long_numbers(held))


def _long_numbers(normal: str) -> Iterator[str]:
    return (JOINTS.sub("", match[0]) for match in LONG.finditer(normal) if not _is_date(match[0]))


def _placed_dates(normal: str) -> Iterator[tuple[Date, tuple[int, int]]]:
    patterns: Sequence[re.Pattern[str]] = (IN_NUMBERS, NAMED_YEAR)
    if "年" in normal or "月" in normal:
        patterns = (*IN_CHINESE, *patterns)
    if re.search(MONTH, normal):
        patterns = (*patterns[:-1], *IN_ENGLISH, NAMED_YEAR)
    taken: list[tuple[int, int]] = []
    for pattern in patterns:
        for match in pattern.finditer(normal):
            start, end = match.span()
            date = _date(match)
            if date and not any(first < end and start < last for first, last in taken):
                taken.append((start, end))
                yield date, (start, end)


def _date(match: re.Match[str]) -> Date | None:
    parts = match.groupdict()
    year, month, day = (_number(parts.get(name) or "") for name in ("year", "month", "day"))
    is_decimal = parts.get("mark") == "." and not day  # 2018.04
    if is_decimal or month > 12 or day > 31 or (year and not 1900 <= year < 2100):
        return None
    return Date(year, month, day)


def _number(text: str) -> int:
    """Returns the value of a number in digits, in Chinese or as the name of a month; 0 for none."""
    if text.isdecimal() or not text:
        return int(text or 0)
    if text[0].isascii():
        return next(number for number, name in enumerate(MONTHS, 1) if name.startswith(text[:3]))
    if "十" not in text and "廿" not in text:
        return int("".join(str(max(HAN_DIGITS.find(digit.replace("〇", "零")), 0)) for digit in text))
    tens, _, ones = text.replace("廿", "二十").partition("十")
    return 10 * (HAN_DIGITS.find(tens) if tens else 1) + max(HAN_DIGITS.find(ones) if ones else 0, 0)


def _version(text: str) -> Version:
    return Version(tuple(map(int, text.split("."))))


def _is_date(text: str) -> bool:
    return IN_NUMBERS.fullmatch(text) is not None
