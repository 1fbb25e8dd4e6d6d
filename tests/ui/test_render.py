"""What the page shows, by value: exact HTML for small answers, and for hostile notes what no HTML may hold."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from rag.types import Answer, BuildReport, Hit, Passage, Skipped
from rag.ui import render
from rag.ui.markup import encode, highlight, markdown
from rag.ui.render import State, Turn
from rag.ui.words import CHINESE, ENGLISH
from tests.ui.hostile import FRAGMENTS

TAGS = {
    "a", "bdi", "blockquote", "br", "code", "del", "details", "div", "em", "h1", "h2", "h3", "h4", "hr", "li", "mark",
    "ol", "p", "pre", "span", "strong", "summary", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
ATTRIBUTES = {"aria-label", "class", "dir", "href", "id", "open", "role", "start", "style", "tabindex", "title"}


class Reader(HTMLParser):
    """Collects what a browser would see."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attributes
        if tag not in ("br", "hr"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def make_passage(text: str, question: str | None = "水温多少？", source: str = "咖啡.md") -> Passage:
    return Passage(source, ("咖啡",), question, 0, len(text), 3, 5, text)


def make_turn(text: str, *, number: int = 1, found: bool = True, stale: bool = False) -> Turn:
    hits = (
        Hit(make_passage(text), 0.93, (0, min(2, len(text))), stale),
        Hit(make_passage("另一段", None), 0.41, (0, 3), False),
    )
    return Turn(number, Answer("水温？", f"{text} [1]", hits, (1,) if found else (), found, 0.93), 3.4)


def answer_html(text: str) -> str:
    return render.messages([make_turn(text)], CHINESE)[1]["content"]


def test_encode_leaves_no_ascii_punctuation() -> None:
    assert encode("a<b>&\"'`$\n中，") == "a&#60;b&#62;&#38;&#34;&#39;&#96;&#36;&#10;中，"
    assert encode("\x00\x1b[0m\ud800") == "\ufffd\ufffd&#91;0m\ufffd"


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        ((0, 1), "<mark>一</mark>二&#60;"),
        ((1, 9), "一<mark>二&#60;</mark>"),
        ((2, 2), "一二&#60;"),
        ((-5, 1), "<mark>一</mark>二&#60;"),
    ],
)
def test_highlight_marks_the_span(span: tuple[int, int], expected: str) -> None:
    assert highlight("一二<", *span) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("一**二**\n三", "<p>一<strong>二</strong><br>三</p>"),
        ("- a\n- b", "<ul><li>a</li><li>b</li></ul>"),
        ("3. a", '<ol start="3"><li>a</li></ol>'),
        ("```py\na < b\n\nc\n```", '<pre tabindex="0"><code>a &#60; b&#10;&#10;c</code></pre>'),
        (
            "|a|b|\n|-|-|\n|1|2|",
            '<div class="kd-scroll" tabindex="0"><table><thead><tr><th>a</th><th>b</th></tr></thead>'
            "<tbody><tr><td>1</td><td>2</td></tr></tbody></table></div>",
        ),
        ("$x_1<2$", '<p><span class="kd-math">\\(x&#95;1&#60;2\\)</span></p>'),
        ("$$\na\n= b\n$$", '<div class="kd-math">\\[a &#61; b\\]</div>'),
        ("\\[a\\]", '<div class="kd-math">\\[a\\]</div>'),
        ("从 $5 到 $6", "<p>从 &#36;5 到 &#36;6</p>"),
        ("![图](http://e/p.png) [字](http://e)", '<p><span class="kd-picture">图</span> 字</p>'),
        ("<b>x</b>", "<p>&#60;b&#62;x&#60;&#47;b&#62;</p>"),
        ("[1]: http://e", "<p>&#91;1&#93;&#58; http&#58;&#47;&#47;e</p>"),
        ("# 标题", "<h4>标题</h4>"),
    ],
)
def test_markdown_by_value(text: str, expected: str) -> None:
    assert markdown(text) == expected


def test_an_answer_ends_in_a_chip_that_links_to_its_card() -> None:
    turn = make_turn("九十三度 [1]。")
    question, answer = render.messages([turn], CHINESE)
    assert question == {"role": "user", "content": '<div class="kd-question" dir="auto">水温？</div>'}
    assert answer["content"] == (
        '<div class="kd-answer" dir="auto"><p class="kd-matched">水温多少？</p><p>九十三度 &#91;1&#93;。'
        '<a class="kd-chip" href="#kd-1-1" title="咖啡&#46;md 第 3–5 行&#10;九十" aria-label="看出处 1">1</a></p>'
        '<p class="kd-timing">匹配度 93&#37; · 用时 3 毫秒</p></div>'
    )
    assert 'id="kd-1-1"' in render.evidence([turn], CHINESE)


def test_a_mark_after_a_code_fence_does_not_fall_into_the_code() -> None:
    html = answer_html("```\nx\n```")
    assert '<pre tabindex="0"><code>x</code></pre><p><a class="kd-chip" href="#kd-1-1"' in html


def test_a_card_names_lines_headings_score_and_marks_the_best_sentence() -> None:
    html = render.evidence([make_turn("九十三度", stale=True)], CHINESE)
    assert (
        '<div class="kd-card" id="kd-1-1"><div class="kd-card-head"><span class="kd-rank">1</span>'
        '<span class="kd-source"><bdi>咖啡&#46;md</bdi><span class="kd-lines" title="第 3–5 行">&#58;3–5</span></span>'
        '<span class="kd-stale" title="建立索引之后，这篇笔记改动过；重建索引后再问，出处就会更新。">笔记已改动</span>'
        '<span class="kd-match" title="匹配度"><span class="kd-bar"><span style="width:93%"></span></span>'
        "93%</span></div>"
        '<div class="kd-trail"><bdi>咖啡</bdi><bdi>水温多少？</bdi></div>'
        '<div class="kd-text" dir="auto"><mark>九十</mark>三度</div></div>'
    ) in html
    assert (
        '<details class="kd-near"><summary>相近的段落 <span>1</span></summary><div class="kd-card" id="kd-1-2">' in html
    )


def test_a_miss_says_so_and_opens_the_nearest_passages() -> None:
    turn = make_turn("九十三度", found=False)
    html = render.messages([turn], CHINESE)[1]["content"]
    assert Reader(html).text == "笔记里没有找到答案最接近的段落是这些，它们可能并不回答这个问题：水温多少？93%咖啡41%"
    assert '<a href="#kd-1-1">水温多少？</a>' in html
    assert '<details class="kd-near" open><summary>相近的段落 <span>2</span></summary>' in render.evidence(
        [turn], CHINESE
    )


def test_earlier_questions_stay_reachable_below_the_last() -> None:
    html = render.evidence([make_turn("甲", number=7), make_turn("乙", number=8)], CHINESE)
    assert html.index('id="kd-8-1"') < html.index('<details class="kd-earlier">') < html.index('id="kd-7-1"')


def test_an_empty_page_says_what_will_be_there() -> None:
    assert CHINESE.no_evidence in render.evidence([], CHINESE)
    assert render.messages([], CHINESE) == []
    assert render.notice("") == ""


def test_header_and_report_by_value() -> None:
    state = State(15, 74, "kuaida", "gen-00000012", None)
    assert Reader(render.header(state, CHINESE)).text == (
        "快答向自己的笔记提问，答案逐行注明出处15 篇笔记 · 74 个段落 · 编码器 kuaida · 索引第 12 代"
    )
    built = BuildReport(15, 74, 12, 3, 1, (Skipped("a.pdf", "not a note (.pdf)"),), "gen-00000013", 0.42)
    assert Reader(render.report(built, CHINESE)).text == (
        "15 篇笔记，74 个段落（+12 ~3 −1），用时 0.4 秒跳过了 1 个文件a.pdf不是笔记格式"
    )
    assert Reader(render.report(built, ENGLISH)).text == (
        "15 notes, 74 passages (+12 ~3 −1) in 0.4 s1 files left outa.pdfnot a note (.pdf)"
    )


@pytest.mark.parametrize("fragment", FRAGMENTS)
def test_a_hostile_note_stays_text(fragment: str) -> None:
    passage = make_passage(fragment, fragment, source=fragment)
    hits = (Hit(passage, 0.9, (3, 9), True), Hit(passage, 0.5, (0, 2), True))
    found = Turn(1, Answer(fragment, f"{fragment} [1]", hits, (1,), True, 0.9), 1.0)
    missed = Turn(2, Answer(fragment, fragment, hits, (), False, 0.1), 1.0)
    built = BuildReport(1, 1, 1, 0, 0, (Skipped(fragment, fragment),), "gen-00000001", 0.1)
    pages = [message["content"] for message in render.messages([found, missed], CHINESE)]
    pages += [render.evidence([missed, found], CHINESE), render.report(built, CHINESE), render.notice(fragment)]
    for html in pages:
        reader = Reader(html)
        assert reader.tags <= TAGS
        assert not reader.open
        assert "\n" not in html  # one block of HTML to the Markdown renderer
        for name, value in reader.attributes:
            assert name in ATTRIBUTES
            assert name != "href" or str(value).startswith("#kd-")
            assert name != "style" or str(value).startswith("width:")
    assert fragment in Reader(pages[4]).text  # the card shows it to the letter
