"""The chat and the cards beside it, by value: exact HTML for small answers, only our tags for hostile notes."""

from __future__ import annotations

import dataclasses
import re

import pytest

from rag.answering.citations import Evidence
from rag.serving.service import State
from rag.serving.turns import Turn
from rag.types import Answer, Hit, Passage
from rag.ui.ask import cards as evidence
from rag.ui.ask import messages
from rag.ui.elements import notice, place, thanks
from rag.ui.header import header
from rag.ui.words.chinese import CHINESE
from rag.ui.words.english import ENGLISH
from tests.ui.hostile import FRAGMENTS
from tests.ui.pieces import Pieces

TAGS = {
    "a", "bdi", "blockquote", "br", "button", "code", "del", "details", "div", "em", "h1", "h2", "h3", "h4", "hr", "li",
    "mark", "ol", "p", "pre", "span", "strong", "summary", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
ATTRIBUTES = {
    "class", "dir", "href", "id", "name", "open", "role", "start", "style", "tabindex", "title", "type", "value",
}  # fmt: skip
ACTIONS = {
    "ask", "bad", "copy", "copy-answer", "copy-link", "edit", "good", "language", "open", "pin", "retry", "tab",
    "theme", "unpin",
}  # fmt: skip


def make_passage(text: str, question: str | None = "水温多少？", source: str = "咖啡.md") -> Passage:
    return Passage(source, ("咖啡",), question, 0, len(text), 3, 5, text)


def make_turn(text: str, *, number: int = 1, found: bool = True) -> Turn:
    hits = (
        Hit(make_passage(text), 0.93, (0, min(2, len(text))), False, (0, len(text))),
        Hit(make_passage("另一段", None), 0.41, (0, 3), False, (0, 3)),
    )
    cited, marks = ((1,), ((len(text) + 1, len(text) + 4),)) if found else ((), ())
    return Turn(number, Answer("水温？", f"{text} [1]", hits, cited, found, 0.93, marks=marks), 3.4)


def seen(turn: Turn, **standing: object) -> tuple[Evidence, ...]:
    plain = {"stale": False, "verbatim": True, "gone": False, "terms": ("水温",), "spans": ((1, 2),), "editor": ""}
    return tuple(Evidence(hit, **{**plain, **standing}) for hit in turn.answer.hits)  # type: ignore[arg-type]


def panel(*turns: Turn, **standing: object) -> str:
    return evidence.panel(turns, [seen(turn, **standing) for turn in turns], CHINESE)


def reply(turn: Turn, pinned: frozenset[str] = frozenset()) -> str:
    return messages.messages([turn], pinned, CHINESE)[1]["content"]


def test_a_question_can_be_edited_and_linked() -> None:
    asked = messages.messages([make_turn("九十三度", number=7)], frozenset(), CHINESE)[0]
    assert asked == {
        "role": "user",
        "content": '<div class="kd-asked"><div class="kd-question" dir="auto">水温？</div><div class="kd-actions">'
        '<button type="button" class="kd-do kd-icon kd-icon-edit" name="edit" value="7" title="修改问题">'
        '<span class="kd-sr">修改问题</span></button>'
        '<button type="button" class="kd-do kd-icon kd-icon-link" name="copy-link" value="7" title="复制问题链接">'
        '<span class="kd-sr">复制问题链接</span></button></div></div>',
    }


def test_an_answer_ends_in_a_chip_that_links_to_its_card() -> None:
    turn = make_turn("九十三度 [1]。")
    assert (
        '<div class="kd-answer" dir="auto"><p class="kd-matched">水温多少？</p><p>九十三度 &#91;1&#93;。'
        '<a class="kd-chip kd-cite" href="#kd-1-1" title="咖啡&#46;md 第 3–5 行&#10;九十">1</a></p></div>'
    ) in reply(turn)
    assert 'id="kd-1-1"' in panel(turn)


def test_the_actions_of_an_answer() -> None:
    turn = make_turn("九十三度")
    assert re.findall('name="([a-z-]+)" value="1"', reply(turn)) == ["copy-answer", "retry", "good", "bad", "pin"]
    assert 'name="unpin" value="1"' in reply(turn, frozenset({"水温？"}))
    assert Pieces(reply(turn)).text.endswith("匹配度 93% · 用时 3 毫秒")


def test_what_one_may_ask_next_is_asked_by_its_button() -> None:
    turn = dataclasses.replace(make_turn("九十三度"), related=('磨豆机"怎么清洗？',))
    assert (
        '<div class="kd-next"><span>接着问</span><button type="button" class="kd-do kd-related" name="ask"'
        ' value="磨豆机&#34;怎么清洗？">磨豆机&#34;怎么清洗？</button></div>'
    ) in reply(turn)
    _, earlier, _, last = messages.messages([turn, dataclasses.replace(turn, number=2)], frozenset(), CHINESE)
    assert ("kd-next" in earlier["content"], "kd-next" in last["content"]) == (False, True)


def test_each_quotation_is_followed_by_its_own_chip() -> None:
    said = dataclasses.replace(make_turn("甲句。乙句。").answer, text="乙句。 [1]\n\n另一段 [2]", cited=(1, 2))
    both = Turn(1, dataclasses.replace(said, marks=((4, 7), (13, 16))), 3.4)
    html = reply(both)
    assert re.sub("<a .*?>", "<a>", html).split("</p>")[1:3] == ["<p>乙句。<a>1</a>", "<p>另一段<a>2</a>"]
    written = [messages[1]["content"] for messages in messages.stages(both, CHINESE)]
    assert [Pieces(html).text for html in written] == ["水温多少？乙句。1"]


def test_how_a_question_was_understood_stands_above_its_answer() -> None:
    turn = make_turn("九十三度")
    understood = Turn(1, dataclasses.replace(turn.answer, asked="咖啡<b>的水温？"), 3.4)
    line = '<div class="kd-reply"><p class="kd-understood" dir="auto">按上文理解为：咖啡&#60;b&#62;的水温？ '
    way_out = '<button type="button" class="kd-do " name="alone" value="1">只问这一句</button></p>'
    assert reply(understood) == line + way_out + reply(turn).removeprefix('<div class="kd-reply">')
    assert "Understood as&#58; " in messages.messages([understood], frozenset(), ENGLISH)[1]["content"]


def test_a_mark_after_a_code_fence_does_not_fall_into_the_code() -> None:
    html = reply(make_turn("```\nx\n```"))
    assert '<pre tabindex="0"><code>x</code></pre><p><a class="kd-chip kd-cite" href="#kd-1-1"' in html


def test_a_card_says_where_how_surely_and_why() -> None:
    html = panel(make_turn("九十三度"), editor="vscode://file/n/咖啡.md:3")
    card = html[html.index('<div class="kd-card"') : html.index('<details class="kd-near"')]
    assert card.startswith(
        '<div class="kd-card" id="kd-1-1" tabindex="-1"><div class="kd-card-head"><span class="kd-rank">1</span>'
        '<button type="button" class="kd-do kd-source" name="open" value="%E5%92%96%E5%95%A1.md:3-5"'
        ' title="在笔记里看"><bdi>咖啡&#46;md</bdi><span class="kd-lines" title="第 3–5 行">&#58;3–5</span></button>'
        '<span class="kd-verbatim" title="引用的文字与磁盘上的笔记此刻逐字相同。">✓ 原文一致</span>'
        '<span class="kd-match" title="匹配度"><span class="kd-bar"><span style="width:93%"></span></span>93%</span>'
        '</div><div class="kd-trail"><bdi>咖啡</bdi><bdi>水温多少？</bdi></div>'
        '<div class="kd-text" dir="auto"><mark>九<mark class="kd-term">十</mark></mark>三度</div>'
        '<div class="kd-card-foot"><ul class="kd-why" title="匹配的词"><li><bdi>水温</bdi></li></ul>'
    )
    assert 'href="vscode&#58;&#47;&#47;file&#47;n&#47;咖啡&#46;md&#58;3"' in card
    assert 'name="copy" value="咖啡&#46;md&#58;3"' in card
    assert "kd-icon-editor" not in panel(make_turn("九十三度"))  # no editor, no link


def test_only_what_is_quoted_and_still_there_has_its_mark() -> None:
    turn = make_turn("九十三度")
    assert panel(turn).count("✓ 原文一致") == 1  # the second passage is not quoted
    assert "✓" not in panel(turn, verbatim=False)
    stale = panel(turn, stale=True)
    assert ("✓" in stale, stale.count(">笔记已改动</span>")) == (True, 2)
    gone = panel(turn, stale=True, gone=True, verbatim=False)
    assert ("✓" in gone, gone.count(">原文已不在</span>"), "笔记已改动" in gone) == (False, 2, False)


def test_a_miss_says_so_and_opens_the_nearest_passages() -> None:
    turn = make_turn("九十三度", found=False)
    assert Pieces(reply(turn)).text.startswith(
        "笔记里没有找到答案最接近的段落是这些，它们可能并不回答这个问题：水温多少？93%咖啡41%可以在“索引”页把它补进笔记"
    )
    assert '<a class="kd-cite" href="#kd-1-1">水温多少？</a>' in reply(turn)
    assert '<details class="kd-near" open><summary>相近的段落 <span>2</span></summary>' in panel(turn)


def test_what_may_answer_is_quoted_and_says_so() -> None:
    answer = dataclasses.replace(make_turn("九十三度").answer, found=False, maybe=True)
    answer = dataclasses.replace(answer, text=f"可能是这段：\n\n{answer.text}", marks=((13, 16),))
    html = reply(Turn(1, answer, 3.4))
    assert Pieces(html).text.startswith("可能是这段：九十三度1可以在“索引”页把它补进笔记")
    assert '<div class="kd-answer kd-maybe" dir="auto">' in html
    assert 'href="#kd-1-1"' in html


def test_small_talk_gets_its_reply_and_nothing_else() -> None:
    turn = Turn(1, Answer("你好", "你好！<b>", (), (), False, 0.0, small_talk=True), 0.1)
    assert Pieces(reply(turn)).text == "你好！<b>"
    assert "kd-earlier" not in panel(turn, make_turn("九十三度", number=2))


def test_earlier_questions_stay_reachable_below_the_last() -> None:
    html = panel(make_turn("甲", number=7), make_turn("乙", number=8))
    assert html.index('id="kd-8-1"') < html.index('<details class="kd-earlier">') < html.index('id="kd-7-1"')


def test_an_empty_page_says_what_will_be_there() -> None:
    assert CHINESE.no_evidence in panel()
    assert messages.messages([], frozenset(), CHINESE) == []
    assert notice("") == ""
    assert 'name="ask" value="水温？">水温？</button>' in messages.welcome(["水温？"], CHINESE)


def test_a_question_under_way_is_shown_at_once() -> None:
    question, answer = messages.waiting("水温？", CHINESE)
    assert Pieces(question["content"]).text == "水温？"
    assert Pieces(answer["content"]).text == "正在查找"


def test_the_header_by_value() -> None:
    state = State(15, 74, "kuaida", "gen-00000012", "damaged <1>")
    assert Pieces(header(state, CHINESE)).text == (
        "快答向自己的笔记提问，答案逐行注明出处15 篇笔记 · 74 个段落English外观：跟随系统damaged <1>"
    )
    assert state.number == "12"


def test_a_place_is_what_the_scripts_take_apart() -> None:
    assert place("a b/咖啡:1-2.md", 3, 5) == "a%20b%2F%E5%92%96%E5%95%A1%3A1-2.md:3-5"
    assert place("a.md") == "a.md"
    assert place("a.md", 3) == "a.md:3-3"


@pytest.mark.parametrize("fragment", FRAGMENTS)
def test_a_hostile_note_stays_text(fragment: str) -> None:
    passage = make_passage(fragment, fragment, source=fragment)
    hits = (Hit(passage, 0.9, (3, 9), True, (3, 9)), Hit(passage, 0.5, (0, 2), True, (0, 2)))
    marks = ((len(fragment) + 1, len(fragment) + 4),)
    answer = Answer(fragment, f"{fragment} [1]", hits, (1,), True, 0.9, marks=marks)
    found = Turn(1, answer, 1.0, (fragment,))
    missed = Turn(2, Answer(fragment, fragment, hits, (), False, 0.1), 1.0)
    pages = [message["content"] for message in messages.messages([found, missed], frozenset(), CHINESE)]
    pages += [panel(missed, found, terms=(fragment,), editor=f"vscode://file/{fragment}:3")]
    pages += [notice(fragment), thanks(fragment), messages.welcome([fragment], CHINESE)]
    for html in pages:
        reader = Pieces(html)
        assert reader.tags <= TAGS
        assert not reader.open
        assert "\n" not in html  # one block of HTML to the Markdown renderer
        for name, value in reader.attributes:
            assert name in ATTRIBUTES
            assert name != "href" or str(value).startswith(("#kd-", "vscode://file/"))
            assert name != "style" or str(value).startswith("width:")
            assert name != "name" or value in ACTIONS
    assert fragment in Pieces(pages[4]).text  # the card shows it to the letter
