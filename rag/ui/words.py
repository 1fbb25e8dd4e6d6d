"""Every sentence of the page, once a language. Nothing here may come from a note."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass


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
    stale: str
    stale_hint: str
    understood: str
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
    # the beginning of a reason of `rag.notes`, and how this language says it
    reasons: tuple[tuple[str, str], ...]


CHINESE = Words(
    language="zh-CN",
    name="快答",
    tagline="向自己的笔记提问，答案逐行注明出处",
    state="{notes} 篇笔记 · {passages} 个段落",
    generation="索引第 {number} 代",
    question="问题",
    placeholder="想问笔记什么？按回车发送",
    send="发送",
    welcome="想从笔记里找什么？",
    welcome_hint="直接提问，或从下面选一个问题开始",
    conversation="对话",
    evidence="出处",
    no_evidence="提问之后，引用的段落会显示在这里：来自哪篇笔记、第几行、哪一句最相关。",
    earlier="之前的问题",
    near="相近的段落",
    score="匹配度",
    lines="第 {first}–{last} 行",
    one_line="第 {first} 行",
    stale="笔记已改动",
    stale_hint="建立索引之后，这篇笔记改动过；重建索引后再问，出处就会更新。",
    understood="按上文理解为：{question}",
    not_found="笔记里没有找到答案",
    nearest="最接近的段落是这些，它们可能并不回答这个问题：",
    nothing_near="笔记里也没有相近的段落。",
    timing="匹配度 {score} · 用时 {elapsed} 毫秒",
    rebuild="重建索引",
    reading="正在读取笔记",
    encoding="正在编码段落",
    rebuilt="{notes} 篇笔记，{passages} 个段落（+{added} ~{changed} −{removed}），用时 {seconds} 秒",
    unchanged="{notes} 篇笔记，{passages} 个段落，没有变化，用时 {seconds} 秒",
    skipped="跳过了 {count} 个文件",
    question_empty="请输入问题",
    question_long="问题太长了，请缩短到 {limit} 字以内再问。",
    rebuild_running="索引正在重建，请等它完成。",
    rebuild_failed="重建没有完成，仍在使用原来的索引。",
    corpus_unusable="笔记文件夹不存在或里面没有可用的笔记：请放入 .md 或 .txt 文件后再重建。",
    index_not_writable="索引文件夹写不进去：请检查它的权限和磁盘空间，并确认没有别的重建正在进行。",
    index_unusable="索引打不开：请点“重建索引”。",
    feedback_not_writable="没能记下来：请检查反馈文件夹的权限和磁盘空间。",
    unexpected="出了意外的错误，详情见终端；请再试一次。",
    tab_ask="提问",
    tab_notes="笔记",
    tab_index="索引",
    tab_map="地图",
    other_language="English",
    theme_system="外观：跟随系统",
    theme_light="外观：浅色",
    theme_dark="外观：深色",
    copied="已复制",
    copy_failed="浏览器不允许复制，请手动选中后复制。",
    server_away="连不上快答，正在重试。对话都还在。",
    server_back="又连上了",
    stale_index="笔记有 {count} 处改动还没进索引",
    searching="正在查找",
    stop="停止",
    stopped="已停止，问题放回了输入框。",
    new_conversation="新对话",
    conversations="以前的对话",
    no_conversations="还没有以前的对话",
    delete="删除",
    export="导出",
    copy_answer="复制答案和出处",
    copy_place="复制位置",
    copy_link="复制问题链接",
    retry="重新回答",
    edit="修改问题",
    editing="正在修改第 {number} 个问题，按 Esc 取消",
    good="有用",
    bad="没用",
    bad_why="哪里不对？",
    bad_absent="笔记里其实没有答案",
    bad_wrong="找错了段落",
    bad_other="其他",
    bad_more="补充一句（可不填）",
    thanks="记下了，谢谢",
    pin="固定：重建索引后看第一段有没有变",
    unpin="取消固定",
    pinned="已固定",
    related="接着问",
    suggestions="笔记里的问题",
    why="匹配的词",
    quoted="原文一致",
    quoted_hint="引用的文字与磁盘上的笔记此刻逐字相同。",
    gone="原文已不在",
    gone_hint="磁盘上的笔记里已经没有这段文字了。",
    open_note="在笔记里看",
    open_editor="用编辑器打开",
    stub_hint="可以在“索引”页把它补进笔记",
    sources_of="出处",
    conversation_damaged="这段对话的记录读不出来，已从空白开始；原记录还留在浏览器里。",
    conversation_full="这段对话很长了，最早的问题不再显示；可以开始新对话。",
    shortcuts="按 / 开始提问，↑ 取回上一问，Esc 停止",
    note_passage="段落 {number}",
    note_part="这篇笔记共 {total} 行，这里显示第 {first}–{last} 行。",
    note_cut="有些行太长，只显示开头 {limit} 个字符。",
    note_above="显示上面的部分",
    note_below="显示下面的部分",
    notes_search="按名字或内容查找笔记",
    notes_list="笔记目录",
    notes_none="没有名字里含“{query}”的笔记。",
    notes_found="内容相关的段落",
    notes_choose="从目录里选一篇笔记，就能在这里读全文。",
    passage_count="{count} 个段落",
    note_counts="{lines} 行 · {passages} 个段落 · {questions} 个问题",
    note_view="显示方式",
    note_rendered="渲染",
    note_source="原文",
    note_borders="段落边界",
    note_back="返回目录",
    note_changed="已改动",
    note_changed_hint="建立索引之后，这篇笔记改动过；这里是磁盘上现在的文字。",
    note_stayed="标出的段落没有变，仍在原来的行。",
    note_moved="标出的段落没有变，但从{before}移到了{after}。",
    note_lost="原来{before}的这段文字，现在的笔记里已经没有了。建立索引时它是：",
    note_gone="这篇笔记已经不在磁盘上了；下面是建立索引时的文字。",
    note_new="这篇笔记还没有进索引；重建之后才能搜到。",
    note_unknown="没有这篇笔记：{source}",
    twins="相近的问题",
    twins_hint="这些问题相近，答案却不同：也许其中一处已经过时。",
    twins_none="没有发现问题相近、答案不同的段落。",
    twins_same="另有 {count} 对，答案也一样",
    twins_alike="相似 {percent}",
    twins_loading="正在比较各篇笔记里的问题…",
    index_encoder="编码器 {name}",
    index_built="{age}建立",
    just_now="刚刚",
    minutes_ago="{count} 分钟前",
    hours_ago="{count} 小时前",
    days_ago="{count} 天前",
    index_current="索引与笔记一致",
    index_behind="{count} 个文件的改动还没进索引",
    corpus_gone="找不到笔记文件夹，仍在使用原来的索引。",
    index_damaged="最新的索引已损坏，正在使用上一代；请点“重建索引”。",
    added="新增",
    changed="改动",
    removed="删除",
    more="还有 {count} 项没有列出",
    watch="自动重建",
    watch_hint="笔记保存后一两秒内更新索引，对所有打开的页面生效",
    watch_failed="自动重建没有成功，会继续尝试。",
    last_rebuild="最近一次重建",
    pins_title="固定的问题",
    pins_empty="还没有固定的问题。在回答下面点图钉，每次重建后都会检查它的第一段有没有变。",
    pins_changed="{count} 个固定问题的第一段变了",
    pins_same="{count} 个固定问题的第一段都没有变",
    pin_before="之前",
    pin_after="现在",
    pin_same_place="同一处，文字变了",
    pin_none="没有段落",
    gaps_title="笔记里没有的问题",
    gaps_empty="还没有。提问没找到答案时，问题会记在这里，方便补进笔记。",
    gap_times="问过 {count} 次",
    gap_nearest="最接近：{title}",
    gap_fill="补进笔记…",
    gap_settle="不再提示",
    writing_off="想把问题补进笔记，请用 python app.py --allow-writing 启动；现在页面不会改动笔记。",
    fill_title="补进笔记：{question}",
    fill_note="写到哪篇笔记的末尾",
    fill_preview="将从第 {line} 行起加上这 {count} 行，其余不动：",
    fill_blank="空行",
    fill_confirm="确认写入",
    fill_cancel="取消",
    fill_choose="请选一篇笔记。",
    written="已写入 {place}。在它下面写好答案，再重建索引就能找到。",
    note_not_written="没法写进这篇笔记：{reason}。笔记保持原样。",
    map_hint="每个点是一个段落，内容相近的靠在一起。",
    map_label="笔记地图，{count} 个段落。方向键在段落之间移动，回车打开笔记，加号和减号缩放，0 回到全图。",
    map_loading="正在绘制地图，第一次需要一点时间…",
    map_empty="段落太少，还画不成地图。多放几篇笔记、重建索引之后再来看。",
    map_failed="地图没能画出来。",
    map_again="再试一次",
    map_in="放大",
    map_out="缩小",
    map_whole="看全图",
    map_notes="笔记",
    map_all="显示全部",
    map_question="最近的提问",
    map_list="以列表显示",
    map_point="{title}，{place}",
    reasons=(
        ("hidden", "隐藏文件"),
        ("a link to a folder", "指向文件夹的链接"),
        ("a link out of the corpus", "指向笔记文件夹之外的链接"),
        ("the link leads in a circle", "循环链接"),
        ("not a note", "不是笔记格式"),
        ("not a regular file", "不是普通文件"),
        ("no permission", "没有读取权限"),
        ("not there any more", "文件已不存在"),
        ("the path is too long", "路径太长"),
        ("outside the corpus", "在笔记文件夹之外"),
        ("over ", "文件太大"),
        ("binary", "二进制文件"),
        ("damaged UTF-16", "UTF-16 编码已损坏"),
        ("unknown encoding", "无法识别的编码"),
        ("not a file name", "不是文件名"),
        ("not UTF-8", "不是 UTF-8 编码"),
        ("read-only", "文件是只读的"),
        ("the question is empty", "问题是空的"),
        ("the question is too long", "问题太长，不能作标题"),
        ("it has this question already", "这篇笔记里已经有这个问题"),
        ("it ends inside a code block", "笔记末尾在代码块或注释里，标题写不进去"),
        ("it was changed at the same moment", "这篇笔记刚被别的程序改动，请再试一次"),
        ("Permission denied", "没有写入权限"),
        ("No space left", "磁盘已满"),
        ("Read-only file system", "磁盘是只读的"),
    ),
)

ENGLISH = Words(
    language="en",
    name="Kuaida",
    tagline="Ask your notes; every answer names the lines it comes from",
    state="{notes} notes · {passages} passages",
    generation="index generation {number}",
    question="Question",
    placeholder="Ask your notes, Enter sends",
    send="Send",
    welcome="What are you looking for?",
    welcome_hint="Ask away, or start with one of these",
    conversation="Conversation",
    evidence="Sources",
    no_evidence="Ask something, and the cited passages appear here: which note, which lines, which sentence.",
    earlier="Earlier questions",
    near="Similar passages",
    score="match",
    lines="lines {first}–{last}",
    one_line="line {first}",
    stale="note has changed",
    stale_hint="This note changed after the index was built; rebuild and ask again to see it as it is now.",
    understood="Understood as: {question}",
    not_found="No answer in the notes",
    nearest="These passages come closest; they may well not answer the question:",
    nothing_near="Nothing in the notes comes close.",
    timing="match {score} · {elapsed} ms",
    rebuild="Rebuild index",
    reading="Reading the notes",
    encoding="Encoding passages",
    rebuilt="{notes} notes, {passages} passages (+{added} ~{changed} −{removed}) in {seconds} s",
    unchanged="{notes} notes, {passages} passages, no changes, in {seconds} s",
    skipped="{count} files left out",
    question_empty="Type a question",
    question_long="That question is too long: please keep it within {limit} characters.",
    rebuild_running="The index is being rebuilt, please wait for it to finish.",
    rebuild_failed="The rebuild did not finish; the index is as it was.",
    corpus_unusable="The notes folder is missing or holds no notes: put .md or .txt files there and rebuild.",
    index_not_writable="The index folder cannot be written: check its permissions, the disk, and other rebuilds.",
    index_unusable="The index cannot be opened: rebuild it.",
    feedback_not_writable="That could not be kept: check the permissions of the feedback folder and the disk.",
    unexpected="Something unexpected went wrong, the terminal says what; please try again.",
    tab_ask="Ask",
    tab_notes="Notes",
    tab_index="Index",
    tab_map="Map",
    other_language="中文",
    theme_system="Theme: as the system",
    theme_light="Theme: light",
    theme_dark="Theme: dark",
    copied="Copied",
    copy_failed="The browser does not allow copying; please select the text and copy it by hand.",
    server_away="Kuaida cannot be reached, trying again. Your conversation is kept.",
    server_back="Connected again",
    stale_index="{count} changes in the notes are not in the index yet",
    searching="Searching",
    stop="Stop",
    stopped="Stopped; the question is back in the box.",
    new_conversation="New conversation",
    conversations="Earlier conversations",
    no_conversations="No earlier conversations yet",
    delete="Delete",
    export="Export",
    copy_answer="Copy answer and sources",
    copy_place="Copy place",
    copy_link="Copy a link to this question",
    retry="Answer again",
    edit="Edit question",
    editing="Editing question {number}, Esc cancels",
    good="Helpful",
    bad="Not helpful",
    bad_why="What is wrong?",
    bad_absent="The notes do not answer this",
    bad_wrong="Wrong passage",
    bad_other="Something else",
    bad_more="Anything to add (optional)",
    thanks="Noted, thank you",
    pin="Pin: see after a rebuild whether its first passage changed",
    unpin="Unpin",
    pinned="Pinned",
    related="Ask next",
    suggestions="Questions in the notes",
    why="Matched words",
    quoted="verbatim",
    quoted_hint="The quoted text is letter for letter what the note on disk says now.",
    gone="no longer there",
    gone_hint="The note on disk no longer holds this text.",
    open_note="Open in note",
    open_editor="Open in editor",
    stub_hint="You can add it to a note on the Index tab",
    sources_of="Sources",
    conversation_damaged="This conversation could not be read, here is an empty one; its record stays in the browser.",
    conversation_full="This conversation is long, the first questions are no longer shown; you can begin a new one.",
    shortcuts="/ to ask, ↑ brings back the last question, Esc stops",
    note_passage="Passage {number}",
    note_part="This note has {total} lines; lines {first}–{last} are shown.",
    note_cut="Some lines are very long: only their first {limit} characters are shown.",
    note_above="Show the part above",
    note_below="Show the part below",
    notes_search="Find notes by name or content",
    notes_list="Notes",
    notes_none="No note is named like “{query}”.",
    notes_found="Passages about it",
    notes_choose="Choose a note from the list to read it here.",
    passage_count="{count} passages",
    note_counts="{lines} lines · {passages} passages · {questions} questions",
    note_view="View",
    note_rendered="Rendered",
    note_source="Source",
    note_borders="Passages",
    note_back="Back to the list",
    note_changed="Changed",
    note_changed_hint="This note changed after the index was built; this is its text on disk now.",
    note_stayed="The marked passage is unchanged, and where it was.",
    note_moved="The marked passage is unchanged, but moved from {before} to {after}.",
    note_lost="What stood in {before} is no longer in the note. When the index was built it said:",
    note_gone="This note is no longer on disk; below is its text when the index was built.",
    note_new="This note is not in the index yet; rebuild to find it by asking.",
    note_unknown="There is no such note: {source}",
    twins="Similar questions",
    twins_hint="These questions are alike, but their answers differ: one may be out of date.",
    twins_none="No two passages answer the same question differently.",
    twins_same="{count} more pairs with equal answers",
    twins_alike="{percent} alike",
    twins_loading="Comparing the questions of all notes…",
    index_encoder="encoder {name}",
    index_built="built {age}",
    just_now="just now",
    minutes_ago="{count} min ago",
    hours_ago="{count} h ago",
    days_ago="{count} days ago",
    index_current="The index is up to date with the notes",
    index_behind="Changes in {count} files are not in the index yet",
    corpus_gone="The notes folder cannot be found; the index is as it was.",
    index_damaged="The newest index is damaged, the one before is in use; please rebuild it.",
    added="added",
    changed="changed",
    removed="removed",
    more="{count} more are not listed",
    watch="Rebuild automatically",
    watch_hint="The index follows within seconds of saving a note, for all open pages",
    watch_failed="Automatic rebuilding did not succeed and goes on trying.",
    last_rebuild="Last rebuild",
    pins_title="Pinned questions",
    pins_empty="None yet. Pin a question below its answer, and each rebuild checks whether its first passage changed.",
    pins_changed="The first passage of {count} pinned questions changed",
    pins_same="The first passages of {count} pinned questions are the same",
    pin_before="before",
    pin_after="now",
    pin_same_place="the same place, other text",
    pin_none="no passage",
    gaps_title="Questions that the notes do not answer",
    gaps_empty="None yet. A question that finds no answer is kept here, so that you can add it to a note.",
    gap_times="asked {count}×",
    gap_nearest="nearest: {title}",
    gap_fill="Add to a note…",
    gap_settle="Dismiss",
    writing_off="To add questions to notes, start with python app.py --allow-writing; for now it changes none.",
    fill_title="Add to a note: {question}",
    fill_note="Note to add it to",
    fill_preview="From line {line}, these {count} lines are added; nothing else changes:",
    fill_blank="blank line",
    fill_confirm="Write it",
    fill_cancel="Cancel",
    fill_choose="Please choose a note.",
    written="Written to {place}. Write the answer below it and rebuild, and it will be found.",
    note_not_written="This note cannot be added to: {reason}. It is as it was.",
    map_hint="Each point is a passage; those about similar things lie close together.",
    map_label="Map of {count} passages. Arrows move between them, Enter opens the note, + and − zoom, 0 shows all.",
    map_loading="Drawing the map, which takes a moment the first time…",
    map_empty="Too few passages for a map. Add some notes and rebuild the index.",
    map_failed="The map could not be drawn.",
    map_again="Try again",
    map_in="Zoom in",
    map_out="Zoom out",
    map_whole="Show all",
    map_notes="Notes",
    map_all="Show all notes",
    map_question="Latest question",
    map_list="As a list",
    map_point="{title}, {place}",
    reasons=(),
)


def as_json(words: Words) -> str:
    """Returns the texts for the scripts of the page, safe inside a <script> element."""
    texts = dataclasses.asdict(words)
    del texts["reasons"]
    return json.dumps(texts, ensure_ascii=False).replace("<", "\\u003c")


def reason_in(words: Words, reason: str) -> str:
    """Returns why a file was left out in the language of `words`; a reason it does not know stays as it is."""
    return next((said for beginning, said in words.reasons if reason.startswith(beginning)), reason)
