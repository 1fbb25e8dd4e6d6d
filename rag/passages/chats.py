"""Chats and interviews: who says what, by the names that begin lines."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass

from rag.passages.forms import ASKED, is_marker

NAME = r"(?:\*\*)?(?P<name>[^\W\d_](?:[\w .·-]{0,18}\w)?)(?:\*\*)?"
TIME = r"(?:\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?[ T]*)?(?:[上下]午|AM|PM)?\s*\d{1,2}:\d{2}(?::\d{2})?(?:\s*[AaPp][Mm])?"
CLOCK = rf"[\[【(（]?{TIME}[\])】）]?"
SPOKEN = re.compile(rf"\s*(?:[-*]\s+)?(?:{CLOCK}\s*)?{NAME}\s*(?:{CLOCK}\s*)?[:：](?:\*\*)?\s*(?=\S)")
HEADER = re.compile(rf"\s*(?:{NAME}\s+{CLOCK}|{CLOCK}\s+{NAME.replace('<name>', '<after>')})\s*[:：]?\s*")
FEWEST = 2  # turns of a speaker: a word with a colon behind it that comes once is a label
MOSTLY = 0.5  # of the lines that say something begin a turn, or else it is a note with labels


@dataclass(frozen=True, slots=True)
class Turn:
    """What one says: lines `first` to `end`, from 0, end excluded; the words begin in `column` of line `said`."""

    speaker: str
    first: int
    end: int
    said: int
    column: int


def turns(lines: Sequence[str], other: Container[int]) -> list[Turn]:
    """Returns the turns of a chat in order, none where the lines are no chat; lines in `other` end a turn."""
    opened = [(i, *found) for i, line in enumerate(lines) if i not in other and (found := _opens(line))]
    counts = Counter(name for _, name, _, _ in opened)
    opened = [entry for entry in opened if counts[entry[1]] >= FEWEST]
    speakers = {name for _, name, _, _ in opened}
    if "B" not in speakers:  # else "A:" is a marker of answers
        opened = [entry for entry in opened if entry[1] != "A"]
        speakers.discard("A")
    said = sum(1 for line in lines if line.strip())
    headers = sum(1 for _, _, is_header, _ in opened if is_header)
    if len(speakers) < 2 or len(opened) + headers < MOSTLY * said:
        return []
    return list(_turns(lines, other, opened))


def _opens(line: str) -> tuple[str, bool, int] | None:
    """Returns who begins to speak on a line, whether only that stands on it, and the column of the first word."""
    if len(line) < 80 and (header := HEADER.fullmatch(line)):
        return header["name"] or header["after"], True, 0
    spoken = SPOKEN.match(line)
    if spoken and (spoken["name"] == "A" or not (is_marker(line) or ASKED.match(line.strip()))):
        return spoken["name"], False, spoken.end()
    return None


def _turns(lines: Sequence[str], other: Container[int], opened: list[tuple[int, str, bool, int]]) -> Iterator[Turn]:
    borders = [*(entry[0] for entry in opened[1:]), len(lines)]
    for (i, name, is_header, column), below in zip(opened, borders, strict=True):
        end = next((j for j in range(i + 1, below) if j in other), below)
        while not lines[end - 1].strip():
            end -= 1
        said = i + 1 if is_header else i
        if said < end:
            yield Turn(name, i, end, said, column)
