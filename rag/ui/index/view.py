"""The tab of the index → HTML: its state, what a rebuild changed, gaps in the notes, pinned questions. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby

from rag.feedback.append import Addition
from rag.feedback.log import Gap, Pin
from rag.notes.watching import Moved
from rag.serving.rebuilds import PinChange, Rebuilt
from rag.serving.service import State
from rag.types import BuildReport, Difference, Kind, Passage, Remark, Skipped
from rag.ui.elements import button, empty, hidden, icon_link, lines_in, notice, place, thanks, where
from rag.ui.markup import encode
from rag.ui.words.base import Words, reason_in

SHOWN = 50  # files and gaps in a list
OPEN = 12  # of a kind that are shown at once; more are folded away
MINUTE, HOUR, DAY = 60, 3_600, 86_400  # seconds
SIGNS: dict[Kind, str] = {"added": "+", "changed": "~", "removed": "−"}


@dataclass(frozen=True, slots=True)
class Glance:
    """What is said of the index at a glance; `moved` is None when the folder of the notes is not there."""

    state: State
    created: str
    moved: Moved | None
    problem: str


def glance(seen: Glance, words: Words, now: datetime) -> str:
    state = seen.state
    facts = (
        encode(words.state.format(notes=state.notes, passages=state.passages)),
        encode(words.index_encoder.format(name=state.encoder)),
        encode(words.generation.format(number=state.number)),
        ago(seen.created, words.index_built, words, now),
    )
    line = "".join(f"<li>{fact}</li>" for fact in facts)
    warning = notice(words.index_damaged) if state.warning else ""
    moved = notice(words.watch_failed + seen.problem) if seen.problem else _moved(seen.moved, words)
    return f'<div class="kd-glance"><ul class="kd-facts">{line}</ul>{warning}{moved}</div>'


def ago(at: str, frame: str, words: Words, now: datetime) -> str:
    """Returns how long ago something was, in `frame` with {age}; assets/index/index.js keeps it up to date.

    `at` is ISO 8601 in UTC.
    """
    then = datetime.fromisoformat(at)
    local = then.astimezone().strftime("%Y-%m-%d %H:%M")
    before, _, after = frame.partition("{age}")
    age = encode(_age((now.astimezone(UTC) - then).total_seconds(), words))
    return (
        f'<span title="{encode(local)}">{encode(before)}'
        f'<span class="kd-ago kd-at-{int(then.timestamp())}">{age}</span>{encode(after)}</span>'
    )


def report(rebuilt: Rebuilt | None, words: Words, now: datetime) -> str:
    """Returns what a rebuild changed and left out, and which pinned questions it moved; empty for none."""
    if rebuilt is None:
        return ""
    built = rebuilt.report
    head = f'<p class="kd-built">{ago(rebuilt.at, words.last_rebuild + " · {age}", words, now)}</p>'
    line = f"<p>{encode(_summary(built, words))}</p>"
    files = _files(built.remarks, words.remarks, words) + _files(built.skipped, words.skipped, words)
    inner = f"{head}{line}{_differences(built, words)}{files}{_pin_changes(rebuilt, words)}"
    return f'<div class="kd-report" role="status">{inner}</div>'


def gaps(found: Sequence[Gap], writable: bool, words: Words, now: datetime) -> str:
    if not found:
        return f'<div class="kd-gaps">{_heading(words.gaps_title, 0)}{empty(words.gaps_empty)}</div>'
    items = "".join(_gap(gap, writable, words, now) for gap in found[:SHOWN])
    off = "" if writable else f'<p class="kd-off">{encode(words.writing_off)}</p>'
    rows = f'<ul class="kd-rows">{items}{_more(len(found) - SHOWN, words)}</ul>'
    return f'<div class="kd-gaps">{_heading(words.gaps_title, len(found))}{off}{rows}</div>'


def pins(found: Iterable[tuple[Pin, Passage | None]], words: Words) -> str:
    """Returns the pinned questions, each with the passage that comes first for it now."""
    rows = [_pin(pin, first, words) for pin, first in found]
    body = f'<ul class="kd-rows">{"".join(rows)}</ul>' if rows else empty(words.pins_empty)
    return f'<div class="kd-pins">{_heading(words.pins_title, len(rows))}{body}</div>'


def fill_title(question: str, words: Words) -> str:
    return (
        f'<div class="kd-fill-title"><h3 tabindex="-1">{encode(words.fill_title.format(question=question))}</h3></div>'
    )


def addition(added: Addition, words: Words) -> str:
    """Returns the lines that would be added to a note, exactly, with their numbers."""
    first = added.line - added.lines.index(next(filter(None, added.lines)))
    said = words.fill_preview.format(line=first, count=len(added.lines))
    rows = "".join(
        f"<li><span>{number}</span>{_line(line, words)}</li>" for number, line in enumerate(added.lines, first)
    )
    return (
        f'<div class="kd-addition"><p>{encode(said)}</p><ol class="kd-source-lines" start="{first}">{rows}</ol></div>'
    )


def written(source: str, line: int, editor: str, words: Words) -> str:
    """Returns that a question was written, with ways to open it there; `editor` is a link, or empty."""
    where = f"{source} {lines_in(words, line, line)}"
    link = icon_link(editor, "editor", words.open_editor) if editor else ""
    opened = button("open", place(source, line), words.open_note, css="kd-link")
    return f'<div class="kd-written">{thanks(words.written.format(place=where))}{opened}{link}</div>'


def _age(seconds: float, words: Words) -> str:
    if seconds < MINUTE:
        return words.just_now
    if seconds < HOUR:
        return words.minutes_ago.format(count=int(seconds // MINUTE))
    if seconds < DAY:
        return words.hours_ago.format(count=int(seconds // HOUR))
    return words.days_ago.format(count=int(seconds // DAY))


def _moved(moved: Moved | None, words: Words) -> str:
    if moved is None:
        return notice(words.corpus_gone)
    if not moved:
        return f'<p class="kd-current">{encode(words.index_current)}</p>'
    kinds: dict[Kind, tuple[str, ...]] = {
        "added": moved.added,
        "changed": moved.changed,
        "removed": moved.removed,
    }
    rows = [_file(kind, source, words) for kind, sources in kinds.items() for source in sources]
    said = encode(words.index_behind.format(count=len(moved)))
    files = f'<ul class="kd-changes">{"".join(rows[:SHOWN])}{_more(len(rows) - SHOWN, words)}</ul>'
    return (
        f'<details class="kd-behind"{" open" if len(rows) <= OPEN else ""}><summary>{said}</summary>{files}</details>'
    )


def _file(kind: Kind, source: str, words: Words) -> str:
    name = f"<bdi>{encode(source)}</bdi>"
    shown = name if kind == "removed" else button("open", place(source), source, css="kd-name")
    return f"<li>{_sign(kind, words)}{shown}</li>"


def _sign(kind: Kind, words: Words) -> str:
    said = {"added": words.added, "changed": words.changed, "removed": words.removed}[kind]
    return f'<span class="kd-sign kd-{kind}" title="{encode(said)}">{SIGNS[kind]}{hidden(said)}</span>'


def _summary(built: BuildReport, words: Words) -> str:
    sentence = words.rebuilt if built.added or built.changed or built.removed else words.unchanged
    return sentence.format(
        notes=built.notes,
        passages=built.passages,
        added=built.added,
        changed=built.changed,
        removed=built.removed,
        seconds=f"{built.seconds:.1f}",
    )


def _differences(built: BuildReport, words: Words) -> str:
    counts: dict[Kind, int] = {"added": built.added, "changed": built.changed, "removed": built.removed}
    named = {"added": words.added, "changed": words.changed, "removed": words.removed}
    groups = []
    for kind, of_kind in groupby(built.differences, key=lambda difference: difference.kind):
        shown = tuple(of_kind)
        rows = "".join(_difference(difference, words) for difference in shown)
        more = _more(counts[kind] - len(shown), words)
        head = f"{_sign(kind, words)}{encode(named[kind])} <span>{counts[kind]}</span>"
        is_open = " open" if len(shown) <= OPEN else ""
        groups.append(f'<details{is_open}><summary>{head}</summary><ul class="kd-changes">{rows}{more}</ul></details>')
    return "".join(groups)


def _difference(difference: Difference, words: Words) -> str:
    lines = lines_in(words, difference.start_line, difference.end_line)
    where = f'<span class="kd-where"><bdi>{encode(difference.source)}</bdi> {encode(lines)}</span>'
    if difference.kind == "removed":
        return f'<li>{_sign("removed", words)}<span class="kd-name">{encode(difference.title)}</span>{where}</li>'
    there = place(difference.source, difference.start_line, difference.end_line)
    opened = button("open", there, difference.title or difference.source, css="kd-name")
    return f"<li>{_sign(difference.kind, words)}{opened}{where}</li>"


def _files(files: Sequence[Skipped | Remark], said: str, words: Words) -> str:
    if not files:
        return ""
    shown = ((encode(file.source), encode(reason_in(words, file.reason))) for file in files[:SHOWN])
    rows = "".join(f'<li><bdi>{source}</bdi><span class="kd-where">{reason}</span></li>' for source, reason in shown)
    summary = encode(said.format(count=len(files)))
    more = _more(len(files) - SHOWN, words)
    return f'<details class="kd-skipped"><summary>{summary}</summary><ul class="kd-changes">{rows}{more}</ul></details>'


def _pin_changes(rebuilt: Rebuilt, words: Words) -> str:
    if not rebuilt.pinned:
        return ""
    if not rebuilt.pins:
        return f'<p class="kd-same">{encode(words.pins_same.format(count=rebuilt.pinned))}</p>'
    rows = "".join(_pin_change(change, words) for change in rebuilt.pins)
    said = encode(words.pins_changed.format(count=len(rebuilt.pins)))
    return f'<div class="kd-pin-changes"><p>{said}</p><ul class="kd-rows">{rows}</ul></div>'


def _pin_change(change: PinChange, words: Words) -> str:
    pin, after = change.before, change.after
    before = f"{pin.title or pin.source} · {pin.source}" if pin.source else words.pin_none
    is_same_place = after is not None and (after.source, after.title) == (pin.source, pin.title)
    now = _first(after, words)
    same = f'<span class="kd-where">{encode(words.pin_same_place)}</span>' if is_same_place else ""
    was = "" if is_same_place else f"<dt>{encode(words.pin_before)}</dt><dd>{encode(before)}</dd>"
    return (
        f'<li><span class="kd-asks">{encode(change.question)}</span>'
        f"<dl>{was}<dt>{encode(words.pin_after)}</dt><dd>{now}{same}</dd></dl></li>"
    )


def _gap(gap: Gap, writable: bool, words: Words, now: datetime) -> str:
    facts = [encode(words.gap_times.format(count=gap.times)), ago(gap.last, "{age}", words, now)]
    if gap.nearest:
        facts.append(encode(words.gap_nearest.format(title=gap.nearest)))
    said = "".join(f"<li>{fact}</li>" for fact in facts)
    fill = button("gap-fill", gap.question, words.gap_fill, css="kd-small", disabled=not writable)
    settle = button("gap-settle", gap.question, words.gap_settle, css="kd-small kd-quiet")
    return (
        f'<li><span class="kd-asks">{encode(gap.question)}</span>'
        f'<ul class="kd-facts">{said}</ul><span class="kd-buttons">{fill}{settle}</span></li>'
    )


def _pin(pin: Pin, first: Passage | None, words: Words) -> str:
    unpin = button("index-unpin", pin.question, words.unpin, css="kd-small kd-quiet")
    return (
        f'<li><span class="kd-asks">{encode(pin.question)}</span><span class="kd-first">{_first(first, words)}</span>'
        f'<span class="kd-buttons">{unpin}</span></li>'
    )


def _first(passage: Passage | None, words: Words) -> str:
    if passage is None:
        return encode(words.pin_none)
    there = place(passage.source, passage.start_line, passage.end_line)
    stands = f'<span class="kd-where"><bdi>{encode(passage.source)}</bdi> {encode(where(words, passage))}</span>'
    return f"{button('open', there, passage.title, css='kd-name')}{stands}"


def _line(line: str, words: Words) -> str:
    return f"<code>{encode(line)}</code>" if line else f"<em>{encode(words.fill_blank)}</em>"


def _heading(text: str, count: int) -> str:
    number = f' <span class="kd-count">{count}</span>' if count else ""
    return f"<h2>{encode(text)}{number}</h2>"


def _more(count: int, words: Words) -> str:
    return f'<li class="kd-more">{encode(words.more.format(count=count))}</li>' if count > 0 else ""
