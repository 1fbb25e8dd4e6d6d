"""Every sentence of the page, once a language. Nothing here may come from a note."""

from __future__ import annotations

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
    clear: str
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
    show_passage: str
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
    unexpected: str
    reasons: tuple[tuple[str, str], ...]  # the beginning of a reason of `rag.notes`, and how this language says it


CHINESE = Words(
    language="zh-CN",
    name="快答",
    tagline="向自己的笔记提问，答案逐行注明出处",
    state="{notes} 篇笔记 · {passages} 个段落 · 编码器 {encoder}",
    generation="索引第 {number} 代",
    question="问题",
    placeholder="想问笔记什么？按回车发送",
    send="发送",
    clear="清空对话",
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
    show_passage="看出处",
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
    unexpected="出了意外的错误，详情见终端；请再试一次。",
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
    ),
)

ENGLISH = Words(
    language="en",
    name="Kuaida",
    tagline="Ask your notes; every answer names the lines it comes from",
    state="{notes} notes · {passages} passages · encoder {encoder}",
    generation="index generation {number}",
    question="Question",
    placeholder="What would you ask your notes? Enter sends",
    send="Send",
    clear="Clear",
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
    show_passage="show the passage",
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
    unexpected="Something unexpected went wrong, the terminal says what; please try again.",
    reasons=(),
)


def reason_in(words: Words, reason: str) -> str:
    """Returns why a file was left out in the language of `words`; a reason it does not know stays as it is."""
    return next((said for beginning, said in words.reasons if reason.startswith(beginning)), reason)
