"""What the page says, sentence by sentence. Nothing here may come from a note."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass

from rag.types import Cause, Reason


@dataclass(frozen=True, slots=True)
class Words:
    """What the page says in one language; `{names}` are filled in with `str.format`."""

    language: str  # BCP 47
    name: str
    tagline: str
    state: str
    generation: str
    question: str
    placeholder: str
    send: str
    welcome: str
    welcome_hint: str
    conversation: str
    evidence: str
    no_evidence: str
    earlier: str
    near: str
    score: str
    lines: str
    one_line: str
    pages: str
    one_page: str
    slides: str
    one_slide: str
    cells: str
    one_cell: str
    chapters: str
    one_chapter: str
    stale: str
    stale_hint: str
    understood: str
    ask_alone: str
    not_found: str
    nearest: str
    nothing_near: str
    timing: str
    rebuild: str
    reading: str
    encoding: str
    rebuilt: str
    unchanged: str
    skipped: str
    remarks: str
    question_empty: str
    question_long: str
    rebuild_running: str
    rebuild_failed: str
    corpus_unusable: str
    index_not_writable: str
    index_unusable: str
    feedback_not_writable: str
    unexpected: str
    tab_ask: str
    tab_notes: str
    tab_index: str
    tab_map: str
    other_language: str
    theme_system: str
    theme_light: str
    theme_dark: str
    copied: str
    copy_failed: str
    server_away: str
    server_back: str
    stale_index: str
    searching: str
    stop: str
    stopped: str
    new_conversation: str
    conversations: str
    no_conversations: str
    delete: str
    export: str
    copy_answer: str
    copy_place: str
    copy_link: str
    retry: str
    edit: str
    editing: str
    good: str
    bad: str
    bad_why: str
    bad_absent: str
    bad_wrong: str
    bad_other: str
    bad_more: str
    thanks: str
    pin: str
    unpin: str
    pinned: str
    related: str
    suggestions: str
    why: str
    quoted: str
    quoted_hint: str
    gone: str
    gone_hint: str
    open_note: str
    open_editor: str
    stub_hint: str
    sources_of: str
    conversation_damaged: str
    conversation_full: str
    shortcuts: str
    note_passage: str
    note_part: str
    note_cut: str
    note_above: str
    note_below: str
    notes_search: str
    notes_list: str
    notes_none: str
    notes_found: str
    notes_choose: str
    passage_count: str
    note_counts: str
    note_view: str
    note_rendered: str
    note_source: str
    note_borders: str
    note_back: str
    note_changed: str
    note_changed_hint: str
    note_stayed: str
    note_moved: str
    note_lost: str
    note_gone: str
    note_new: str
    note_unknown: str
    twins: str
    twins_hint: str
    twins_none: str
    twins_same: str
    twins_alike: str
    twins_loading: str
    index_encoder: str
    index_built: str
    just_now: str
    minutes_ago: str
    hours_ago: str
    days_ago: str
    index_current: str
    index_behind: str
    corpus_gone: str
    index_damaged: str
    added: str
    changed: str
    removed: str
    more: str
    watch: str
    watch_hint: str
    watch_failed: str
    last_rebuild: str
    pins_title: str
    pins_empty: str
    pins_changed: str
    pins_same: str
    pin_before: str
    pin_after: str
    pin_same_place: str
    pin_none: str
    gaps_title: str
    gaps_empty: str
    gap_times: str
    gap_nearest: str
    gap_fill: str
    gap_settle: str
    writing_off: str
    fill_title: str
    fill_note: str
    fill_preview: str
    fill_blank: str
    fill_confirm: str
    fill_cancel: str
    fill_choose: str
    written: str
    note_not_written: str
    map_hint: str
    map_label: str
    map_loading: str
    map_empty: str
    map_failed: str
    map_again: str
    map_in: str
    map_out: str
    map_whole: str
    map_notes: str
    map_all: str
    map_question: str
    map_list: str
    map_point: str
    reasons: Mapping[Cause, str]  # {} is the detail of the reason


def as_json(words: Words) -> str:
    """Returns the texts for the scripts of the page, safe inside a <script> element."""
    texts = dataclasses.asdict(words)
    del texts["reasons"]
    return json.dumps(texts, ensure_ascii=False).replace("<", "\\u003c")


def reason_in(words: Words, reason: Reason) -> str:
    """Returns why a file was left out, or not written to, in the language of `words`."""
    return words.reasons[reason.cause].format(reason.detail)
