"""Which sentences an answer quotes of prose."""

from __future__ import annotations

import pytest

from rag.answering.excerpt import EXCERPT_CHARACTERS, excerpt, indented, standalone
from rag.passages.sentences import sentences

TEXT = "甲是第一句。乙是第二句。丙是第三句。丁是第四句。戊是第五句。"


def quoted(text: str, similarities: list[float]) -> str:
    spans = sentences(text)
    assert len(spans) == len(similarities)
    run = excerpt(text, spans, similarities)
    assert run is not None
    return text[slice(*run)]


@pytest.mark.parametrize(
    ("similarities", "expected"),
    [
        ([0.1, 0.2, 0.9, 0.1, 0.0], "丙是第三句。"),
        ([0.1, 0.8, 0.9, 0.1, 0.0], "乙是第二句。丙是第三句。"),
        ([0.1, 0.2, 0.9, 0.8, 0.75], "丙是第三句。丁是第四句。戊是第五句。"),
        ([0.85, 0.65, 0.9, 0.1, 0.0], "甲是第一句。乙是第二句。丙是第三句。"),  # a weak one between two good ones
        ([0.9, 0.1, 0.9, 0.1, 0.1], "甲是第一句。"),  # too weak a one; the first of two equals
        ([0.5, 0.5, 0.5, 0.5, 0.5], TEXT),
    ],
)
def test_the_run_around_the_best_sentence(similarities: list[float], expected: str) -> None:
    assert quoted(TEXT, similarities) == expected


def about(text: str, *wanted: str) -> str:
    """Returns the excerpt for a question that the sentences with `wanted` answer, the first of them best."""
    spans = [span for span in sentences(text) if any(map(str.isalnum, text[slice(*span)].replace("sh", "")))]
    words = dict(zip(wanted, [0.9, *[0.85] * len(wanted)], strict=False))
    values = [
        max((value for word, value in words.items() if word in text[slice(*span)]), default=0.1) for span in spans
    ]
    run = excerpt(text, spans, values)
    assert run is not None
    return text[slice(*run)]


def test_an_excerpt_is_short() -> None:
    text = "".join(f"第{number}句话说的是别的事情。" for number in range(100, 140))
    run = quoted(text, [0.5] * 10 + [0.9] + [0.85] * 29)
    assert run.startswith("第110句话")
    assert EXCERPT_CHARACTERS - 15 < len(run) <= EXCERPT_CHARACTERS


def test_what_opens_a_list_is_followed_by_it() -> None:
    text = "有三种办法：\n- 一是甲\n- 二是乙\n- 三是丙"
    assert quoted(text, [0.9, 0.1, 0.1, 0.1]) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("先说别的。\n步骤如下：\n- 松土\n- 浇水", "步骤如下：\n- 松土\n- 浇水"),
        (
            f"步骤如下：\n```\n{'x = 1' * 70}\n```\n后话。",
            f"步骤如下：\n```\n{'x = 1' * 70}\n```",
        ),  # whole, though long
        ("**步骤如下：**\n- 松土\n另外还有：", "**步骤如下：**\n- 松土"),
        ("先说别的。\n步骤如下：", "步骤如下："),  # nothing follows, and nothing else answers
    ],
)
def test_no_excerpt_ends_where_something_is_announced(text: str, expected: str) -> None:
    assert about(text, "步骤如下") == expected


def test_what_is_announced_after_the_best_sentence_is_left_out_where_it_does_not_fit() -> None:
    text = f"薄荷每天浇水。芦荟如下：\n```\n{'x' * 400}\n```"
    assert about(text, "薄荷", "芦荟") == "薄荷每天浇水。"


FILLING = "这一句话说的完全是别的事情，只是为了把段落写长一点。" * 15


@pytest.mark.parametrize("mark", ["```", "~~~~", "  ```"])
def test_a_fence_that_fits_is_quoted_whole(mark: str) -> None:
    fence = f"{mark}sh\n# copy\n\nrsync -a photos/ /mnt\numount /mnt\n{mark}"
    assert about(f"{FILLING}\n\n{fence}\n\n{FILLING}", "rsync") == fence
    assert about(f"备份照片。\n\n{fence}\n\n{FILLING}", "备份", "rsync") == f"备份照片。\n\n{fence}"
    assert about(f"备份照片。\n\n{fence}\n\n{FILLING}", "备份") == "备份照片。"


def test_of_a_long_fence_lines_are_quoted_and_nothing_around_it() -> None:
    code = "\n".join(f"    line_{number} = {number}  # nothing" for number in range(10, 30))
    text = f"前面。\n```python\n{code}\n```\n后面。"
    assert about(text, "line_10 ", "前面", "line_11 ") == "    line_10 = 10  # nothing\n    line_11 = 11  # nothing"
    assert about(text, "line_29 ", "后面") == "line_29 = 29  # nothing"
    assert about(text, "前面", "line_10 ") == "前面。"
    assert about(text, "后面", "line_29 ") == "后面。"


def test_a_formula_is_quoted_whole_however_long() -> None:
    formula = "$$\n" + "a + b\n" * 60 + "= c\n$$"
    assert about(f"{FILLING}\n{formula}\n{FILLING}", "= c") == formula


HEAD = "| 花 | 几天一次 |\n|---|---|\n"


def test_no_row_without_the_head_of_its_table() -> None:
    rows = [f"| 花{number} | {number} |" for number in range(10, 20)]
    text = f"{FILLING}\n\n{HEAD}" + "\n".join(rows) + f"\n\n{FILLING}"
    assert about(text, "花12") == HEAD + "\n".join(rows[:3])
    assert about(text, "几天一次") == HEAD.removesuffix("\n|---|---|\n")
    assert about(f"{FILLING}\n\n" + "\n".join(rows), "花10") == rows[0]  # the head is in another passage


def test_the_head_and_the_blanks_of_a_table_do_not_count() -> None:
    rows = [f"| 花{number} {' ' * 80} | {number} |" for number in range(10, 20)]
    text = f"{FILLING}\n\n{HEAD}" + "\n".join(rows) + f"\n\n{FILLING}"
    assert about(text, *(f"花{number}" for number in range(15, 20))) == HEAD + "\n".join(rows)


def test_a_list_is_quoted_from_its_beginning_if_most_of_it_is() -> None:
    text = f"{FILLING}\n\n- 松土\n- 浇水\n- 施肥\n  - 少一点\n- 换盆\n\n{FILLING}"
    assert about(text, "浇水", "施肥", "少一点", "换盆") == "- 松土\n- 浇水\n- 施肥\n  - 少一点\n- 换盆"
    assert about(text, "施肥", "少一点", "换盆") == "- 施肥\n  - 少一点\n- 换盆"
    assert about(text, "施肥") == "- 施肥"


@pytest.mark.parametrize("mark", ["{}. ", "{}) ", "{}、", "（{}）", "{}．", "1.{}. "])
def test_an_item_keeps_its_number(mark: str) -> None:
    items = [
        mark.format(number) + name
        for number, name in enumerate(["松土。", "浇水。多浇。", "施肥。", "换盆。", "晒。"], 1)
    ]
    text = "\n".join(items)
    assert about(text, "施肥") == items[2]
    assert about(text, "浇水") == items[1].removesuffix("多浇。")
    assert about(text, "多浇") == "多浇。"
    assert about(text, "多浇", "施肥") == f"{items[1]}\n{items[2]}"


def test_a_sentence_that_was_cut_since_it_is_long_is_quoted_from_its_beginning() -> None:
    long = "因为冬天太阳低，" * 15 + "所以薄荷要搬到窗边，" + "不然会黄，" * 20 + "别忘了。"
    assert len(long) > 200
    assert about(f"{FILLING}{long}{FILLING}", "窗边") == long


@pytest.mark.parametrize(
    ("text", "quoted", "expected", "shown"),
    [
        ("- 甲\n    - 乙\n    - 丙", "- 乙\n    - 丙", "    - 乙\n    - 丙", "- 乙\n- 丙"),
        ("- 甲\n\t- 乙\n\t\t- 丙", "- 乙\n\t\t- 丙", "\t- 乙\n\t\t- 丙", "- 乙\n\t- 丙"),
        ("- 甲\n    - 乙\n- 丙", "- 乙\n- 丙", "- 乙\n- 丙", "- 乙\n- 丙"),
        ("- 甲\n    - 乙", "- 乙", "- 乙", "- 乙"),
        ("- 甲\n        3. 乙\n      丙\n丁", "3. 乙\n      丙\n丁", "        3. 乙\n      丙\n丁", "3. 乙\n丙\n丁"),
        ("甲。乙\n  丙", "乙\n  丙", "乙\n  丙", "乙\n  丙"),
        ("```sh\nls\ncd /\n```", "ls\ncd /", "ls\ncd /", "```\nls\ncd /\n```"),
        ("````md\n```\nls\n```\n````", "```\nls\n```", "```\nls\n```", "````\n```\nls\n```\n````"),
        ("```\n  if a:\n    b\n```", "if a:\n    b", "  if a:\n    b", "```\nif a:\n  b\n```"),
        ("甲\n```sh\nls\n```", "```sh\nls\n```", "```sh\nls\n```", "```sh\nls\n```"),
    ],
)
def test_a_part_of_a_text_shows_what_the_text_does(text: str, quoted: str, expected: str, shown: str) -> None:
    start = text.index(quoted)
    span = indented(text, (start, start + len(quoted)))
    assert text[slice(*span)] == expected
    assert standalone(text, span) == shown


def test_rows_that_go_on_with_a_table_are_shown_under_its_head() -> None:
    rows = "| 螺丝 | 抽屉 |\n| 钉子 | 盒子 |"
    assert standalone(rows, (0, 11), "| 名称 | 在哪 |") == "| 名称 | 在哪 |\n|---|---|\n| 螺丝 | 抽屉 |"
    assert standalone("螺丝在抽屉里。", (0, 7), "| 名称 | 在哪 |") == "螺丝在抽屉里。"


def test_of_rows_that_are_alike_only_the_nearest_are_quoted() -> None:
    head, rows = "| 名称 | 在哪 |\n|---|---|\n", "| 甲 | 一 |\n| 乙 | 二 |\n| 丙 | 三 |"
    assert quoted(head + rows, [0.1, 0.0, 0.75, 0.9, 0.75]) == head + "| 甲 | 一 |\n| 乙 | 二 |"  # from its head on
    assert quoted(rows, [0.75, 0.9, 0.75]) == "| 乙 | 二 |"  # the head is in an earlier passage


def test_no_sentence_no_excerpt() -> None:
    assert excerpt("", (), ()) is None
