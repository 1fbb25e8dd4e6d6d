"""HTML: what a person reads of it, and nothing of what a browser runs or loads."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from rag.encoders.onnx import OnnxEncoder
from rag.notes.readers.base import Text, guarded
from rag.passages.split import split
from rag.types import Cause, Note, Reason
from tests.formats import ENTRIES, cited, refused

pytest.importorskip("selectolax")

from rag.notes.readers.html import MAX_DEPTH, read

HOUSE = "<title>家务</title>" + "".join(f"<h2>{question}</h2><p>{answer}</p>" for question, answer in ENTRIES)
NOTION = (
    '<article><header><h1 class="page-title">家务</h1></header><ul class="toggle">'
    + "".join(
        f'<li><details open=""><summary>{question}</summary><p>{answer}</p></details></li>'
        for question, answer in ENTRIES
    )
    + '</ul><figure class="callout"><div>💡</div><div style="width:100%">每月看一次。</div></figure></article>'
)


def body(html: str) -> str:
    """Returns what is read of a body, without the heading that goes before."""
    return read(f"<title>T</title><body>{html}".encode()).text.removeprefix("# T\n\n")


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<h1>一</h1><h6>六  层</h6>文字", "# 一\n\n###### 六 层\n\n文字\n"),
        ("<p>先放<b>衣服</b>，<br>再放 <code>洗衣液</code><code></code>。", "先放衣服，\n再放 `洗衣液`。\n"),
        ("<p><strong>谁？</strong></p><p>我", "**谁？**\n\n我\n"),
        ("<ul><li>a<ul><li>b</ul><li>c</ul>", "- a\n  - b\n- c\n"),
        ("<ol start=3><li>a<ul><li>b<p>more</p></ul><li>c</ol>", "3. a\n   - b\n\n     more\n\n4. c\n"),
        ("<ul><li>a</ul><ol><li>b</ol>", "- a\n\n1. b\n"),
        ("<ul><li><input type=checkbox checked>a<li><input type=checkbox>b</ul>", "- [x] a\n- [ ] b\n"),
        ("<dl><dt>词<dd>意思</dl>", "**词**\n\n意思\n"),
        ("<blockquote>一<p>二</blockquote>三", "> 一\n\n> 二\n\n三\n"),
        ('<pre><code class="hljs language-c++">a\n  &lt;b&gt;\n</code></pre>', "```c++\na\n  <b>\n```\n"),
        (
            "<table><caption>表</caption><tr><th>a<th>b|c<tr><td><p>1</p><p>2</p><td>",
            "表\n\n| a | b\\|c |\n| --- | --- |\n| 1 2 |  |\n",
        ),
        ("<table><tr><td><h2>布局</h2><table><tr><td>x<td>y</table></table>", "## 布局\n\n| x | y |\n| --- | --- |\n"),
        ("<details><summary>怎么办？</summary>这样。</details>", "**怎么办？**\n\n这样。\n"),
        ("<p># no heading<p>---", "\\# no heading\n\n\\---\n"),
        (
            "<math><mrow>x</mrow><annotation encoding=application/x-tex>x^2</annotation></math>"
            "<span aria-hidden=true>x2</span>", "$x^2$\n",
        ),
        ("<a href=https://x.org>link</a> <img src=x alt=no> &amp; &copy;", "link & ©\n"),
        ("<h2>标题 <a class=headerlink href=#a>¶</a></h2>x", "## 标题\n\nx\n"),
    ],
    ids=["headings", "inline", "bold", "list", "numbers", "two lists", "to do", "terms", "quote", "code", "table",
         "layout", "toggle", "text", "formula", "link", "anchor"],
)  # fmt: skip
def test_by_value(html: str, expected: str) -> None:
    assert body(html) == expected or read(html.encode()).text == expected


def test_what_is_not_read() -> None:
    html = (
        "<script>window.stolen=1</script><style>x{}</style><nav>menu</nav><footer>©</footer><template>t</template>"
        "<noscript>n</noscript><svg><text>s</text></svg><iframe src=https://x.org>i</iframe><button>b</button>"
        "<p hidden>h</p><p style='color:red;display : none'>d</p><div role=navigation>r</div><!-- c -->"
        "<p onclick=steal()>text</p><select><option>o</select>"
    )
    assert body(html) == "text\n"


def test_what_a_script_writes_is_not_nested() -> None:
    assert body(f"<script>{'<div>' * 2 * MAX_DEPTH}</script>text") == "text\n"


def test_the_main_text_is_what_is_read() -> None:
    assert read(b"<title>T</title><div>menu</div><main><p>text</main>") == Text("# T\n\ntext\n")
    assert read(b"<title>T</title><div>text</div><main></main>") == Text("# T\n\ntext\n")
    assert read(b"<article><h1>A</h1></article><article>b</article>") == Text("# A\n\nb\n")


@pytest.mark.parametrize(
    "data",
    [
        "<meta charset=gb2312><p>洗衣机".encode("gb18030"),
        "<meta http-equiv=x content='text/html; charset=big5'><p>洗衣機".encode("big5"),
        "<p>洗衣机".encode("utf-16"),
        b"\xef\xbb\xbf" + "<p>洗衣机".encode(),
        "<meta charset=base64><p>我们的洗衣机".encode("gb18030"),
    ],
    ids=["GB", "Big5", "UTF-16", "UTF-8", "a codec that is none for text"],
)
def test_encodings(data: bytes) -> None:
    assert read(data).text.translate({ord("機"): "机"}).removeprefix("我们的") == "洗衣机\n"


def test_toggles_are_questions() -> None:
    passages = split(Note("a.html", "", read(NOTION.encode()).text, ""))
    assert [(passage.question, passage.text[slice(*passage.answer_span)]) for passage in passages[:4]] == [*ENTRIES[:4]]
    assert passages[4].question == ENTRIES[4][0]
    assert passages[0].headings == ("家务",)


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        (b"", Cause.NO_TEXT),
        (b"<title>only this</title><body><script>x</script>", Cause.NO_TEXT),
        (b"\x93\x00\xff\x81random", Cause.BINARY),
        (b"<div>" * (MAX_DEPTH + 1) + b"x", Cause.DAMAGED),
        (b"<b><i>" * 100_000 + b"x", Cause.DAMAGED),
    ],
    ids=["empty", "no text", "bytes", "deep", "very deep"],
)
def test_what_is_refused(data: bytes, cause: Cause) -> None:
    assert refused(guarded(read), data) == Reason(cause)


@pytest.mark.parametrize(
    "html",
    [
        "<div>" * MAX_DEPTH + "x",
        "<p>" * 50_000 + "x",
        "<table><tr><td>" * 300 + "x",
        "<" * 100_000 + "x",
        "<a " * 50_000,
    ],
    ids=["deep", "open", "tables", "brackets", "attributes"],
)
def test_odd_pages_take_no_time(html: str) -> None:
    started = time.monotonic()
    guarded(read)(f"<p>x</p>{html}".encode())
    assert time.monotonic() - started < 3


def test_a_page_that_is_cut_off_is_read_up_to_there() -> None:
    assert read(HOUSE[:-40].encode()).text.count("## ") == 5


def test_a_question_is_answered_with_the_lines_that_were_read(tmp_path: Path, bundled: OnnxEncoder) -> None:
    assert cited(tmp_path, bundled, "house.html", HOUSE.encode()) == "house.html:19-21"
