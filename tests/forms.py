"""Twenty questions with their answers, and the forms in which people write such pairs down."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from pathlib import Path

SHARED = Path(__file__).parent / "passages" / "forms" / "shared.tsv"  # question, answer, how somebody asks it

Pairs = Sequence[tuple[str, str]]

HEADING = "# 常见问题\n\n"
CIRCLED = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳"
DOTTED = "⒈⒉⒊⒋⒌⒍⒎⒏⒐⒑⒒⒓⒔⒕⒖⒗⒘⒙⒚⒛"
BRACKETED = "⑴⑵⑶⑷⑸⑹⑺⑻⑼⑽⑾⑿⒀⒁⒂⒃⒄⒅⒆⒇"


def shared() -> list[tuple[str, str, str]]:
    rows = [line.split("\t") for line in SHARED.read_text(encoding="utf-8").splitlines()[1:]]
    return [(question, answer, asked) for question, answer, asked in rows]


def _each(pattern: str, between: str = "\n\n", before: str = HEADING) -> Callable[[Pairs], str]:
    """Returns what writes each pair as `pattern`, in which {q}, {a} and {i} stand for question, answer and number."""

    def write(pairs: Pairs) -> str:
        numbered = enumerate(pairs, 1)
        written = (
            pattern.format(q=q, a=a, i=i, gap=q.rstrip("？?"), c=CIRCLED[i - 1], d=DOTTED[i - 1], b=BRACKETED[i - 1])
            for i, (q, a) in numbered
        )
        return before + between.join(written) + "\n"

    return write


def _separated(pairs: Pairs) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(("question", "answer", "tags"))
    writer.writerows((question, answer, "家, 办公") for question, answer in pairs)
    return stream.getvalue()


LINES = {"between": "\n"}
BARE = {"before": ""}
FORMS: dict[str, Callable[[Pairs], str]] = {
    "heading.md": _each("## {q}\n\n{a}"),
    "heading with a number.md": _each("## Q{i}：{q} {{#q{i}}}\n\n{a}"),
    "heading of the answer.md": _each("### {q}\n\n### 答案\n\n{a}"),
    "heading that only numbers.md": _each("#### 题目 {i}\n\n{q}\n\n##### 参考答案\n\n{a}"),
    "numbers.md": _each("{i}. {q}\n\n{a}"),
    "numbers.txt": _each("{i}、{q}\n{a}", **LINES, **BARE),
    "number over an item.md": _each("{i}. {q}\n   - {a}", **LINES),
    "Q and A.md": _each("Q: {q}\nA: {a}"),
    "问和答.txt": _each("问：{q}\n答：{a}", **BARE),
    "brackets.md": _each("【问】{q}\n【答】{a}"),
    "word and number.txt": _each("问题{i}) {q}\n{a}", **BARE),
    "circled.md": _each("{c}{q}\n{a}"),
    "circled and spaced.md": _each("{c} {q}\n\n{a}"),
    "number and dot in one.txt": _each("{d}{q}\n{a}", **BARE),
    "number and brackets in one.txt": _each("{b} {q}\n{a}", **BARE),
    "wide brackets.txt": _each("（{i}）{q}\n{a}", **BARE),
    "wide blanks.txt": _each("　　{i}．{q}\n　　{a}", **LINES, **BARE),
    "no-break blanks.txt": _each("\u00a0\u00a0\u00a0\u00a0{i}. {q}\n\u00a0\u00a0\u00a0\u00a0{a}", **LINES, **BARE),
    "indented.txt": _each("      {i}. {q}\n      {a}", **LINES, **BARE),
    "callout.md": _each("> [!faq]- {q}\n> {a}"),
    "quote.md": _each("> {q}\n\n{a}"),
    "details.md": _each("<details>\n<summary>{q}</summary>\n\n{a}\n\n</details>"),
    "details on a line.md": _each("<details><summary><b>{i}. {q}</b></summary>{a}</details>", **LINES),
    "details of the answer.md": _each("### {q}\n\n<details>\n<summary>查看答案</summary>\n\n{a}\n</details>"),
    "items.md": _each("- {q}\n  - {a}", **LINES),
    "items under an item.md": _each("\t- {q}\n\t\t- {a}", before=f"{HEADING}- 家里\n", **LINES),
    "item over a paragraph.md": _each("* {q}\n\n    {a}"),
    "task.md": _each("- [x] {q}\n  - {a}", **LINES),
    "outliner card.md": _each(
        "- {q} #card\n  card-repeats:: {i}\n  id:: 64f0c-{i}\n\t- {a}", before="tags:: 生活\n\n", **LINES
    ),
    "table.md": _each("| {q} | {a} |", before=f"{HEADING}| 问题 | 答案 |\n|---|---|\n", **LINES),
    "table with more columns.md": _each(
        "| {i} | {q} | {a} | 老王 |", before="| 序号 | 题目 | 回答 | 谁 |\n|:--|---|---|--:|\n", **LINES
    ),
    "table without such heads.md": _each("| {q} | {a} |", before="| 事项 | 说明 |\n|---|---|\n", **LINES),
    "separated by tabs.tsv": _each("{q}\t{a}", **LINES, **BARE),
    "separated by commas.csv": _separated,
    "card on a line.md": _each("{q}::{a}", before="#flashcards\n\n", **LINES),
    "card in an item.md": _each("- {q} ::: {a}", **LINES),
    "card on lines.md": _each("{q}\n?\n{a}"),
    "bold before.md": _each("**{q}** {a}"),
    "bold above.md": _each("**{q}**\n{a}"),
    "bold item.md": _each("- **{q}**：{a}", **LINES),
    "bold item with its colon.md": _each("* **{q}:** {a}", **LINES),
    "chat.txt": _each("小周：{q}\n老郑：{a}", **LINES, **BARE),
    "chat with times.md": _each("小周 10:{i:02d}\n{q}\n\n老郑 10:{i:02d}\n{a}", **BARE),
    "chat with dates.txt": _each(
        "[2026-03-{i:02d} 09:15] Zhou: {q}\n[2026-03-{i:02d} 09:17] Zheng: {a}", **LINES, **BARE
    ),
    "choice.md": _each("{i}. {gap}（ ）\nA. 看情况\nB. {a}\nC. 都不对\nD. 不知道\n\n答案：B\n解析：{a}"),
}
